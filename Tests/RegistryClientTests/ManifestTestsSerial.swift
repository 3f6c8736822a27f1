// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

@Suite struct ManifestTestsSerial {
  let image: SampleImage

  init() throws { image = try SampleImage() }

  /// Asks a registry that answers so for the tag `1`.
  private func expectRefused(
    _ words: String..., code: HullError.Code? = nil, expecting: Descriptor? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ handler: @escaping FaultyServer.Handler
  ) async throws {
    let server = try await FaultyServer(handler)
    try await withRepository("\(server.host)/a") { repository async throws in
      let error = await refusal("\(server.host)/a", sourceLocation: sourceLocation) {
        _ = try await repository.manifest(.tag("1"), expecting: expecting)
      }
      for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation) }
      if let code { #expect(error?.code == code, sourceLocation: sourceLocation) }
    }
  }

  @Test func allKindsAreAskedForAndTheBytesStayAsTheyAre() async throws {
    let server = try await FaultyServer { [image] in try await $0.serve(image) }
    try await withRepository("\(server.host)/a") { repository async throws in
      let manifest = try await repository.manifest(.tag("1"))
      #expect(manifest.bytes == image.manifest && manifest.descriptor == image.descriptor && manifest.place == server.host)
    }
    let accepted = server.requests[0].headers["accept"].joined(separator: ",")
    for type in [MediaType.ociIndex, MediaType.ociManifest, MediaType.dockerManifest, MediaType.dockerManifestList] {
      #expect(accepted.contains(type))
    }
    #expect(server.requests[0].headers.first(name: "user-agent") == "hull/test")
  }

  @Test(arguments: [nil, "text/plain; charset=utf-8", "application/octet-stream"])
  func aTypeThatSaysNothingIsTakenFromTheDocument(_ type: String?) async throws {
    let index = #"{"schemaVersion":2,"manifests":[]}"#
    let server = try await FaultyServer { exchange in
      if let type { try await exchange.answer(200, ["Content-Type": type], index) } else { try await exchange.answer(200, [:], index) }
    }
    let manifest = try await withRepository("\(server.host)/a") { try await $0.manifest(.tag("1")) }
    #expect(manifest.descriptor.mediaType == MediaType.ociIndex)
  }

  @Test func whatIsNotThere() async throws {
    try await expectRefused("manifest for 127.0.0.1:", "/a:1 not found: manifest unknown: manifest unknown", code: .notFound) {
      try await $0.refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
    }
    try await expectRefused("repository 127.0.0.1:", "/a not found: name unknown: who?", code: .notFound) {
      try await $0.refuse(404, "NAME_UNKNOWN", "who?")
    }
    try await expectRefused(
      "pull access denied for 127.0.0.1:", "repository does not exist or may require 'docker login': denied: no", code: .notFound
    ) {
      try await $0.refuse(403, "DENIED", "no")
    }
    try await expectRefused("received unexpected HTTP status: 404 Not Found", code: .notFound) { try await $0.answer(404, [:], "<html>") }
  }

  @Test func aKeptConnectionThatTheRegistryClosedIsReplaced() async throws {
    let count = Counter()
    let server = try await FaultyServer { [image] exchange in
      if count.next() == 1 { throw FaultyServer.Cut() }
      try await exchange.serve(image)
    }
    try await withRepository("\(server.host)/a", limits: quickLimits { $0.attempts = 1 }) { repository async throws in
      for _ in 0..<2 { #expect(try await repository.manifest(.tag("1")).bytes == image.manifest) }
    }
    #expect(server.requests.count == 3)
  }

  @Test func limitsAreSaidInTheRegistrysWords() async throws {
    try await expectRefused("toomanyrequests: You have reached your pull rate limit.", "Retry-After: 7200", code: .unavailable) {
      try await $0.refuse(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.", ["Retry-After": "7200"])
    }
  }

  @Test func moreThanFourMebibytes() async throws {
    try await expectRefused("larger than 4 MiB", code: .tooLarge) {
      try await $0.answer(200, ["Content-Type": MediaType.ociManifest], Array(repeating: 0x20, count: 4 << 20 + 1))
    }
    try await expectRefused("larger than 4 MiB", code: .tooLarge) { exchange in
      try await exchange.head(200)
      while true { try await exchange.send([UInt8](repeating: 0x20, count: 100_000)) }
    }
  }

  @Test func aManifestThatTricklesIsGivenUp() async throws {
    let server = try await FaultyServer { exchange in
      try await exchange.head(200, ["Content-Length": "1000"])
      while true {
        try await exchange.send([0x20])
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    let trickling = quickLimits {
      $0.stallTimeout = .seconds(2)
      $0.attempts = 1
    }
    try await withRepository("\(server.host)/a", limits: trickling) { repository async throws in
      await refusal("comes too slowly") { _ = try await repository.manifest(.tag("1")) }
    }
  }

  @Test(arguments: [
    (#"{"schemaVersion":1}"#, "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"),
    (#"{"schemaVersion":1}"#, "application/json", "schema 1"),
    ("{}", "application/vnd.example.cake+json", #"media type "application/vnd.example.cake+json""#),
    (#"{"mediaType":"application/vnd.example.cake+json"}"#, "text/plain", "application/vnd.example.cake+json"),
  ])
  func kindsThatAreNoImage(_ document: String, _ type: String, _ words: String) async throws {
    try await expectRefused(words, code: .unsupported) { try await $0.answer(200, ["Content-Type": type], document) }
  }

  @Test(arguments: [
    (#"{"mediaType":"application/vnd.oci.image.index.v1+json"}"#, MediaType.ociManifest),
    (#"{"config":{},"layers":[],"manifests":[]}"#, MediaType.ociManifest),
    (#"{"manifests":[],"layers":[]}"#, MediaType.ociIndex),
    ("[]", MediaType.ociManifest), ("", MediaType.ociManifest), ("\u{0}", MediaType.ociManifest),
    (String(repeating: "[", count: 100_000), MediaType.ociManifest),
  ])
  func documentsThatCanBeReadInTwoWaysOrNone(_ document: String, _ type: String) async throws {
    try await expectRefused("the manifest is ") { try await $0.answer(200, ["Content-Type": type], document) }
  }

  @Test func otherDigestsAndSizes() async throws {
    let other = descriptor(sample(5))
    try await expectRefused("manifest verification failed for digest \(other.digest)", expecting: other) { [image] in try await $0.serve(image) }
    try await expectRefused("manifest verification failed for digest \(other.digest)") { [image] in
      try await $0.answer(200, ["Content-Type": MediaType.ociManifest, "Docker-Content-Digest": "\(other.digest)"], image.manifest)
    }
    var longer = image.descriptor
    longer.size += 1
    try await expectRefused("has \(image.descriptor.size) bytes, but \(longer.size) were announced", expecting: longer) { [image] in
      try await $0.serve(image)
    }
  }

  @Test func aHeadSaysWhatATagIsAndAGetWhereItDoesNot() async throws {
    let server = try await FaultyServer { [image] exchange in
      switch (exchange.request.path, exchange.request.method) {
      case ("/v2/a/manifests/good", _):
        try await exchange.answer(
          200, ["Content-Type": MediaType.ociManifest, "Docker-Content-Digest": "\(image.descriptor.digest)"], image.manifest)
      case ("/v2/a/manifests/old", "HEAD"): try await exchange.answer(405, [:], "")
      case ("/v2/a/manifests/old", _): try await exchange.serve(image)
      default: try await exchange.answer(404, [:], "")
      }
    }
    try await withRepository("\(server.host)/a") { repository async throws in
      #expect(try await repository.descriptor(.tag("good")) == image.descriptor)
      #expect(server.requests.map(\.method) == ["HEAD"])
      #expect(try await repository.descriptor(.tag("old")) == image.descriptor)
      #expect(try await repository.descriptor(.tag("none")) == nil)
    }
  }
}
