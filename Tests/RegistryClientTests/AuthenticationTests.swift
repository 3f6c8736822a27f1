// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

@Suite struct AuthenticationTests {
  let image: SampleImage
  let user = RegistryCredentials(username: "user", password: "secret")

  init() throws { image = try SampleImage() }

  @Test func anybodyGetsATokenOnceForManyRequests() async throws {
    let registry = try await TokenRegistry { [image] in try await $0.serve(image) }
    try await withRepository("\(registry.host)/a") { repository async throws in
      try await withThrowingDiscardingTaskGroup { group in
        for _ in 0..<8 { group.addTask { _ = try await repository.manifest(.tag("latest")) } }
      }
    }
    #expect(registry.tokenRequests.count == 1)
    #expect(registry.tokenRequests[0].query("scope") == "repository%3Aa%3Apull")
    #expect(registry.tokenRequests[0].query("service") == "registry")
    #expect(registry.tokenRequests[0].authorization == nil)
  }

  @Test func aUserGetsATokenWithPasswordAndNobodyElseSeesIt() async throws {
    let registry = try await TokenRegistry(user: "user") { [image] in try await $0.serve(image) }
    try await withRepository("\(registry.host)/a", credentials: user) { _ = try await $0.manifest(.tag("latest")) }
    #expect(registry.tokenRequests.map(\.authorization) == [RegistryCredentials.basic("user", "secret")])
    #expect(registry.tokenRequests[0].query("account") == "user")
    #expect(registry.requests.map(\.authorization) == [nil, "Bearer token0"])
  }

  @Test func aWrongPasswordIsSaidInTheTokenServersWords() async throws {
    let registry = try await TokenRegistry(user: "other") { [image] in try await $0.serve(image) }
    try await withRepository("\(registry.host)/a", credentials: user) { repository async throws in
      let error = await refusal("Get \"http://\(registry.host)/v2/a/manifests/latest\": unauthorized: incorrect username or password") {
        _ = try await repository.manifest(.tag("latest"))
      }
      #expect(error?.code == .internalError, "a 401 would make docker's client ask for a login")
    }
  }

  @Test func anIdentityTokenIsPostedInsteadOfAPassword() async throws {
    let registry = try await TokenRegistry(user: "user") { [image] in try await $0.serve(image) }
    try await withRepository("\(registry.host)/a", credentials: RegistryCredentials(identityToken: "identity")) {
      _ = try await $0.manifest(.tag("latest"))
    }
    let request = registry.tokenRequests[0]
    #expect(request.method == "POST" && request.uri == "/token")
    #expect(String(decoding: request.body, as: UTF8.self).contains("grant_type=refresh_token&service=registry"))
    #expect(String(decoding: request.body, as: UTF8.self).contains("scope=repository%3Aa%3Apull"))
  }

  @Test func aRegistryTokenIsSentAsItIs() async throws {
    let server = try await FaultyServer { [image] in try await $0.serve(image) }
    try await withRepository("\(server.host)/a", credentials: RegistryCredentials(registryToken: "given")) {
      _ = try await $0.manifest(.tag("latest"))
    }
    #expect(server.requests.map(\.authorization) == ["Bearer given"])
  }

  @Test func aTokenThatIsRefusedIsRenewedOnce() async throws {
    let registry = try await TokenRegistry { [image] in try await $0.serve(image) }
    try await withRepository("\(registry.host)/a") { repository async throws in
      _ = try await repository.manifest(.tag("latest"))
      registry.revoke()
      _ = try await repository.manifest(.tag("latest"))
    }
    #expect(registry.requests.map(\.authorization) == [nil, "Bearer token0", "Bearer token0", "Bearer token1"])
  }

  @Test func oneThatRefusesEveryTokenIsAskedTwice() async throws {
    let registry = try await TokenRegistry { try await $0.refuse(401, "UNAUTHORIZED", "never") }
    try await withRepository("\(registry.host)/a") { repository async throws in
      await refusal("unauthorized: never") { _ = try await repository.manifest(.tag("latest")) }
    }
    #expect(registry.requests.count == 2)
  }

  @Test func theScopeOfARefusalIsAskedForToo() async throws {
    let registry = try await TokenRegistry { exchange in
      try await exchange.answer(
        401, ["WWW-Authenticate": #"Bearer realm="http://127.0.0.1:1/",error="insufficient_scope",scope="repository:b:pull""#], "")
    }
    try await withRepository("\(registry.host)/a") { repository async throws in
      let error = await refusal("pull access denied for \(registry.host)/a", "denied: requested access to the resource is denied") {
        _ = try await repository.manifest(.tag("latest"))
      }
      #expect(error?.code == .notFound)
    }
  }

  @Test func basicAuthenticationIsUsedWhereItIsAskedFor() async throws {
    let server = try await FaultyServer { [image] exchange in
      guard exchange.request.authorization == RegistryCredentials.basic("user", "secret") else {
        return try await exchange.refuse(401, "UNAUTHORIZED", "authentication required", ["WWW-Authenticate": "Basic realm=\"x\""])
      }
      try await exchange.serve(image)
    }
    try await withRepository("\(server.host)/a", credentials: user) { repository async throws in
      _ = try await repository.manifest(.tag("latest"))
      _ = try await repository.manifest(.tag("latest"))
    }
    #expect(server.requests.count == 3, "known after the first 401")
    try await withRepository("\(server.host)/a") { repository async throws in
      await refusal("Get \"http://\(server.host)/v2/a/manifests/latest\": no basic auth credentials") {
        _ = try await repository.manifest(.tag("latest"))
      }
    }
    try await withRepository("\(server.host)/a", credentials: RegistryCredentials(username: "user", password: "wrong")) { repository async throws in
      await refusal("unauthorized: authentication required") { _ = try await repository.manifest(.tag("latest")) }
    }
  }

  @Test func aRegistryThatWantsNobodyToLogInAnyMoreIsAskedAsAnybody() async throws {
    let isOpen = Counter()
    let server = try await FaultyServer { [image] exchange in
      guard isOpen.value > 0 || exchange.request.authorization != nil else {
        return try await exchange.answer(401, ["WWW-Authenticate": "Basic"], "")
      }
      try await exchange.serve(image)
    }
    try await withClient { client async throws in
      let reference = try Reference("\(server.host)/a")
      _ = try await client.repository(reference, credentials: user, access: .pull).manifest(.tag("1"))
      isOpen.add(1)
      _ = try await client.repository(reference, access: .pull).manifest(.tag("1"))
    }
  }

  @Test func tokensThatAreTooOldAreNotUsed() async throws {
    let registry = try await TokenRegistry(lifetime: 0) { [image] in try await $0.serve(image) }
    try await withRepository("\(registry.host)/a") { repository async throws in
      _ = try await repository.manifest(.tag("latest"))
      _ = try await repository.manifest(.tag("latest"))
    }
    #expect(registry.tokenRequests.count == 1, "ten seconds at least are believed, or every request would need a token of its own")
  }

  @Test func pushingAndMountingAskForAllScopesAtOnce() async throws {
    let registry = try await TokenRegistry { exchange in
      try await exchange.answer(exchange.request.method == "HEAD" ? 404 : 201, [:], "")
    }
    let bytes = sample(10)
    try await withRepository("\(registry.host)/a", access: .push) { repository async throws in
      let source = try Reference("\(registry.host)/b")
      let outcome = try await repository.push(descriptor(bytes), from: BytesReader(bytes: bytes), mountable: [source])
      #expect(outcome == .mounted(from: source))
    }
    #expect(registry.tokenRequests[0].uri.contains("scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull"))
    #expect(registry.requests.last?.query("from") == "b")
  }
}
