// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

/// `docker login` and `docker search`.
@Suite struct HubTests {
  @Test func loginGivesTheIdentityToken() async throws {
    let registry = try await TokenRegistry(user: "user") { try await $0.answer(200, [:], "{}") }
    try await withClient { client in
      let result = try await client.verify(RegistryCredentials(username: "user", password: "secret", serverAddress: registry.host))
      #expect(result == ("Login Succeeded", "identity"))
      #expect(
        try await client.verify(RegistryCredentials(identityToken: "identity", serverAddress: "https://\(registry.host)/v2/")).status
          == "Login Succeeded")
    }
    #expect(registry.tokenRequests[0].query("offline_token") == "true")
    #expect(registry.requests.allSatisfy { $0.uri == "/v2/" })
  }

  @Test func aWrongPasswordIsRefusedInDockersWords() async throws {
    let registry = try await TokenRegistry(user: "other") { try await $0.answer(200, [:], "{}") }
    let basic = try await FaultyServer { try await $0.answer(401, ["WWW-Authenticate": "Basic"], "") }
    try await withClient { client in
      let error = await refusal("Get \"http://\(registry.host)/v2/\": unauthorized: incorrect username or password") {
        _ = try await client.verify(RegistryCredentials(username: "user", password: "secret", serverAddress: registry.host))
      }
      #expect(error?.code == .unauthorized)
      await refusal("login attempt to http://\(basic.host)/v2/ failed with status: 401 Unauthorized") {
        _ = try await client.verify(RegistryCredentials(username: "user", password: "secret", serverAddress: basic.host))
      }
      await refusal("Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused") {
        _ = try await client.verify(RegistryCredentials(username: "user", password: "secret", serverAddress: "127.0.0.1:1"))
      }
    }
  }

  @Test func searchAsksTheHostInTheTerm() async throws {
    let server = try await FaultyServer {
      try await $0.answer(
        200, [:],
        #"{"num_results":2,"results":[{"name":"a/b","description":"d","star_count":3,"is_official":true},{"name":"c","star_count":null}]}"#)
    }
    try await withClient { client in
      let results = try await client.search("\(server.host)/my term", limit: 10)
      #expect(results == [SearchResult(name: "a/b", description: "d", starCount: 3, isOfficial: true), SearchResult(name: "c")])
      #expect(server.requests[0].uri == "/v1/search?q=my%20term&n=10")
      #expect(try await client.search("\(server.host)/x", filter: SearchFilter(isOfficial: false)).map(\.name) == ["c"])
      #expect(try await client.search("\(server.host)/x", filter: SearchFilter(stars: 3)).map(\.name) == ["a/b"])
      for limit in [0, 101] {
        await refusal("Limit \(limit) is outside the range of [1, 100]") { _ = try await client.search("x", limit: limit) }
      }
    }
  }

  @Test func aSearchThatFailsNamesTheRegistry() async throws {
    let server = try await FaultyServer { try await $0.answer(404, [:], "") }
    var offline = RegistriesConfiguration()
    offline.offline = true
    try await withClient { client in
      await refusal("cannot search \(server.host)", "404 Not Found") { _ = try await client.search("\(server.host)/x") }
    }
    try await withClient(offline) { client in
      await refusal("registry docker.io must not be asked: the configuration says offline") { _ = try await client.search("x") }
      await refusal("offline") { _ = try await client.verify(RegistryCredentials(username: "u", password: "p")) }
    }
  }
}
