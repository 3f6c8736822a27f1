// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

@Suite struct RedirectTests {
  let blob = sample(1000)
  let user = RegistryCredentials(username: "user", password: "secret")

  /// A registry with basic authentication that answers as told to whom it let in.
  private func registry(_ handler: @escaping FaultyServer.Handler) async throws -> FaultyServer {
    try await FaultyServer { exchange in
      guard exchange.request.authorization != nil else { return try await exchange.answer(401, ["WWW-Authenticate": "Basic"], "") }
      try await handler(exchange)
    }
  }

  @Test(arguments: [301, 302, 303, 307, 308])
  func objectStorageNeverSeesCredentials(_ status: Int) async throws {
    let storage = try await FaultyServer { try await $0.serve(blob) }
    let registry = try await registry { try await $0.answer(status, ["Location": "http://\(storage.host)/object?signature=1"], "moved") }
    let target = MemoryBlob(blob.count)
    try await withRepository("\(registry.host)/a", credentials: user) { try await $0.fetch(descriptor(blob), into: target) }
    #expect(target.bytes == blob)
    #expect(storage.requests.map(\.uri) == ["/object?signature=1"])
    #expect(storage.requests.allSatisfy { request in !request.headers.contains { ["authorization", "cookie"].contains($0.name.lowercased()) } })
  }

  @Test func credentialsStayOnTheSameHost() async throws {
    let registry = try await registry { exchange in
      guard exchange.request.path == "/elsewhere" else { return try await exchange.answer(307, ["Location": "/elsewhere"], "") }
      try await exchange.serve(blob)
    }
    let target = MemoryBlob(blob.count)
    try await withRepository("\(registry.host)/a", credentials: user) { try await $0.fetch(descriptor(blob), into: target) }
    #expect(target.bytes == blob)
    #expect(registry.requests.last?.authorization != nil)
  }

  @Test func storageThatAsksForCredentialsGetsNone() async throws {
    let storage = try await FaultyServer { try await $0.answer(401, ["WWW-Authenticate": "Basic"], "") }
    let registry = try await registry { try await $0.answer(307, ["Location": "http://\(storage.host)/object"], "") }
    try await withRepository("\(registry.host)/a", credentials: user) { repository in
      await refusal("unauthorized") { try await repository.fetch(descriptor(blob), into: MemoryBlob(blob.count)) }
    }
    #expect(storage.requests.allSatisfy { $0.authorization == nil })
  }

  @Test func circlesEnd() async throws {
    let registry = try await FaultyServer { try await $0.answer(302, ["Location": $0.request.uri], "") }
    try await withRepository("\(registry.host)/a") { repository in
      await refusal("stopped after 10 redirects") { try await repository.fetch(descriptor(blob), into: MemoryBlob(blob.count)) }
    }
    #expect(registry.requests.count == 11)
  }

  @Test(arguments: ["", "ftp://x/", "http://", "http://a:b/"])
  func locationsThatAreNoneAreRefused(_ location: String) async throws {
    let registry = try await FaultyServer { try await $0.answer(302, ["Location": location], "") }
    try await withRepository("\(registry.host)/a", limits: quickLimits { $0.attempts = 1 }) { repository in
      await refusal("\(registry.host)/a", "blob") { try await repository.fetch(descriptor(blob), into: MemoryBlob(blob.count)) }
    }
  }

  @Test func anUploadMayGoOnAtAnotherHostWithoutCredentials() async throws {
    let storage = try await FaultyServer { try await $0.answer(201, [:], "") }
    let registry = try await registry { exchange in
      try await exchange.answer(exchange.request.method == "HEAD" ? 404 : 202, ["Location": "http://\(storage.host)/upload?id=1"], "")
    }
    try await withRepository("\(registry.host)/a", credentials: user, access: .push) { repository in
      #expect(try await repository.push(descriptor(blob), from: BytesReader(bytes: blob)) == .pushed)
    }
    #expect(storage.requests.map(\.authorization) == [nil])
    #expect(storage.requests.map(\.body) == [blob])
    #expect(storage.requests[0].uri.hasPrefix("/upload?id=1&digest=sha256%3A"))
  }
}
