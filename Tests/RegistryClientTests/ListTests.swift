// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import OCISpec
import RegistryClient
import Testing

@Suite struct ListTests {
  @Test func tagsComeInPages() async throws {
    let server = try await FaultyServer { exchange in
      switch exchange.request.query("last") {
      case nil: try await exchange.answer(200, ["Link": #"</v2/a/tags/list?last=2&n=2>; rel="next""#], #"{"name":"a","tags":["1","2"]}"#)
      case "2": try await exchange.answer(200, ["Link": #"<?last=4>;rel=next"#], #"{"tags":["3","4"]}"#)
      default: try await exchange.answer(200, [:], #"{"tags":null}"#)
      }
    }
    try await withRepository("\(server.host)/a") { repository in
      #expect(try await repository.tags() == ["1", "2", "3", "4"])
      #expect(server.requests.count == 3)
      #expect(try await repository.tags(limit: 3) == ["1", "2", "3"])
      #expect(server.requests.count == 5)
    }
  }

  @Test(arguments: [
    "", "<", "<>", "<>; rel=next", "<::>; rel=next", "nonsense; rel=next", "<http://\u{7f}>; rel=next", "; ; ,,<x", "<tags/list>; rel=prev",
  ])
  func linksThatAreNoneEndTheList(_ link: String) async throws {
    let server = try await FaultyServer { exchange in
      try await exchange.answer(200, exchange.request.path.hasSuffix("tags/list") ? ["Link": link] : [:], #"{"tags":["1"]}"#)
    }
    try await withRepository("\(server.host)/a") { repository in
      #expect(Set(try await repository.tags()) == ["1"])
    }
  }

  @Test func aListThatIsNoneIsRefused() async throws {
    let server = try await FaultyServer { try await $0.answer(200, [:], "<html>") }
    try await withRepository("\(server.host)/a") { repository in
      await refusal("tags of \(server.host)/a", "not the list") { _ = try await repository.tags() }
    }
  }

  @Test func referrersComeFromTheAPI() async throws {
    let subject = descriptor(sample(3)).digest
    var signature = descriptor(sample(4), MediaType.ociManifest)
    signature.artifactType = "application/signature"
    let index = Array(try JSONEncoder().encode(Index(manifests: [signature, descriptor(sample(5), MediaType.ociManifest)])))
    let server = try await FaultyServer { exchange in
      guard exchange.request.path == "/v2/a/referrers/\(subject)" else { return try await exchange.answer(404, [:], "") }
      try await exchange.answer(200, ["Content-Type": MediaType.ociIndex], index)
    }
    try await withRepository("\(server.host)/a") { repository in
      #expect(try await repository.referrers(subject).count == 2)
      #expect(try await repository.referrers(subject, artifactType: "application/signature") == [signature])
    }
  }

  @Test func withoutTheAPIReferrersComeFromTheirTag() async throws {
    let subject = descriptor(sample(3)).digest
    let index = Array(try JSONEncoder().encode(Index(manifests: [descriptor(sample(4), MediaType.ociManifest)])))
    let server = try await FaultyServer { exchange in
      guard exchange.request.path == "/v2/a/manifests/sha256-\(subject.hex)" else { return try await exchange.answer(404, [:], "404 page not found") }
      try await exchange.answer(200, ["Content-Type": MediaType.ociIndex], index)
    }
    try await withRepository("\(server.host)/a") { repository in
      #expect(try await repository.referrers(subject).count == 1)
      #expect(try await repository.referrers(descriptor(sample(9)).digest).isEmpty)
    }
  }
}
