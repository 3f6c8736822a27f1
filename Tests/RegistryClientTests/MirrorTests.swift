// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

@Suite struct MirrorTests {
  let image: SampleImage
  let blob = sample(200_000)

  init() throws { image = try SampleImage() }

  private func mirrors(_ domain: String, _ mirrors: Mirror...) -> RegistriesConfiguration {
    var configuration = RegistriesConfiguration()
    configuration.registries[domain] = .init(mirrors: mirrors)
    return configuration
  }

  private func mirror(_ server: FaultyServer, _ path: String = "", resolvesTags: Bool = true) throws -> Mirror {
    Mirror(try WebAddress("http://\(server.host)\(path)"), resolvesTags: resolvesTags)
  }

  /// A port where nobody listens.
  private func nobody() throws -> Mirror { Mirror(try WebAddress("http://127.0.0.1:1")) }

  @Test func theFirstMirrorThatHasItGivesIt() async throws {
    let bad = try await FaultyServer { try await $0.answer(500, [:], "broken") }
    let empty = try await FaultyServer { try await $0.refuse(404, "NAME_UNKNOWN", "unknown") }
    let good = try await FaultyServer { [image] in try await $0.serve(image) }
    let configuration = mirrors("quay.io", try nobody(), try mirror(bad), try mirror(empty), try mirror(good, "/cache"))
    try await withRepository("quay.io/a", configuration) { repository in
      let manifest = try await repository.manifest(.tag("latest"))
      #expect(manifest.bytes == image.manifest && manifest.place == "http://\(good.host)/cache")
    }
    #expect(good.requests.map(\.uri) == ["/v2/cache/a/manifests/latest?ns=quay.io"])
    #expect(bad.requests.count == 3, "an error that may pass is asked about again")
  }

  @Test func aMirrorGetsItsOwnCredentialsAndTheRegistryItsOwn() async throws {
    let mirror = try await FaultyServer { exchange in
      guard exchange.request.authorization != nil else { return try await exchange.answer(401, ["WWW-Authenticate": "Basic"], "") }
      try await exchange.refuse(404, "MANIFEST_UNKNOWN", "no")
    }
    let registry = try await FaultyServer { [image] exchange in
      guard exchange.request.authorization != nil else { return try await exchange.answer(401, ["WWW-Authenticate": "Basic"], "") }
      try await exchange.serve(image)
    }
    let scratch = try Scratch()
    let file = try scratch.write("password", "of the mirror\n")
    let configuration = mirrors(registry.host, Mirror(try WebAddress("http://\(mirror.host)"), username: "mirror", passwordFile: file))
    try await withRepository("\(registry.host)/a", configuration, credentials: RegistryCredentials(username: "user", password: "secret")) {
      repository in
      #expect(try await repository.manifest(.tag("latest")).place == registry.host)
    }
    #expect(mirror.requests.map(\.authorization) == [nil, RegistryCredentials.basic("mirror", "of the mirror")])
    #expect(registry.requests.map(\.authorization) == [nil, RegistryCredentials.basic("user", "secret")])
  }

  @Test func aMirrorThatDoesNotResolveTagsIsAskedByDigestOnly() async throws {
    let old = try await FaultyServer { [image] in try await $0.serve(image) }
    let registry = try await FaultyServer { [image] in try await $0.serve(image) }
    try await withRepository("\(registry.host)/a", mirrors(registry.host, try mirror(old, resolvesTags: false))) { repository in
      #expect(try await repository.manifest(.tag("latest")).place == registry.host)
      #expect(try await repository.manifest(.digest(image.descriptor.digest)).place == "http://\(old.host)")
    }
  }

  @Test func aMirrorWithTheWrongContentIsPassedOver() async throws {
    let lying = try await FaultyServer { try await $0.answer(200, ["Content-Type": MediaType.ociManifest], "{}") }
    let registry = try await FaultyServer { [image] in try await $0.serve(image) }
    try await withRepository("\(registry.host)/a", mirrors(registry.host, try mirror(lying))) { repository in
      #expect(try await repository.manifest(.digest(image.descriptor.digest)).place == registry.host)
      #expect(try await repository.manifest(.tag("latest"), expecting: image.descriptor).place == registry.host)
    }
  }

  @Test func aBlobGoesOnAtTheNextPlaceWhereTheFirstStopped() async throws {
    let count = Counter()
    let dying = try await FaultyServer { exchange in
      guard count.next() == 0 else { throw FaultyServer.Cut() }
      try await exchange.serve(blob, cutAfter: 50_000)
    }
    let registry = try await FaultyServer { try await $0.serve(blob) }
    let target = MemoryBlob(blob.count)
    try await withRepository("\(registry.host)/a", mirrors(registry.host, try mirror(dying)), limits: quickLimits { $0.segment = 1 << 30 }) {
      repository in
      let places = try await repository.fetch(descriptor(blob), into: target)
      #expect(places == ["http://\(dying.host)", registry.host])
    }
    #expect(target.bytes == blob && target.total == blob.count)
    #expect(dying.sent + registry.sent == blob.count)
  }

  @Test func placesThatAreAvoidedAreNotAsked() async throws {
    let lying = try await FaultyServer { try await $0.serve(Array(blob.reversed())) }
    let registry = try await FaultyServer { try await $0.serve(blob) }
    try await withRepository("\(registry.host)/a", mirrors(registry.host, try mirror(lying))) { repository in
      let first = MemoryBlob(blob.count)
      let places = try await repository.fetch(descriptor(blob), into: first)
      #expect(first.bytes != blob && places == ["http://\(lying.host)"])
      let second = MemoryBlob(blob.count)
      #expect(try await repository.fetch(descriptor(blob), into: second, avoiding: places) == [registry.host])
      #expect(second.bytes == blob)
    }
  }

  @Test func theErrorTellsWhatEachPlaceSaid() async throws {
    let limited = try await FaultyServer { try await $0.refuse(429, "TOOMANYREQUESTS", "pull rate limit reached", ["Retry-After": "3600"]) }
    let registry = try await FaultyServer { try await $0.refuse(404, "MANIFEST_UNKNOWN", "manifest unknown") }
    try await withRepository("\(registry.host)/a", mirrors(registry.host, try mirror(limited), try nobody())) { repository in
      let error = await refusal(
        "manifest for \(registry.host)/a:1 not found: manifest unknown: manifest unknown (mirror http://\(limited.host): toomanyrequests: pull rate limit reached",
        "3600", "mirror http://127.0.0.1:1: Get \"http://127.0.0.1:1/v2/a/manifests/1?ns=", "dial tcp 127.0.0.1:1: connect: connection refused"
      ) { _ = try await repository.manifest(.tag("1")) }
      #expect(error?.code == .notFound)
    }
    #expect(limited.requests.count == 1, "an hour is not waited for")
  }

  @Test func offlineNeverAsksTheRegistry() async throws {
    let registry = try await FaultyServer { [image] in try await $0.serve(image) }
    let empty = try await FaultyServer { try await $0.refuse(404, "MANIFEST_UNKNOWN", "no") }
    var configuration = mirrors(registry.host, try mirror(empty))
    configuration.offline = true
    try await withRepository("\(registry.host)/a", configuration) { repository in
      await refusal("manifest for \(registry.host)/a:1 not found") { _ = try await repository.manifest(.tag("1")) }
      #expect(try await repository.descriptor(.tag("1")) == nil)
    }
    await refusal("must not be asked: the configuration says offline") {
      try await withRepository("\(registry.host)/a", configuration, access: .push) { _ = try await $0.has(image.descriptor.digest) }
    }
    #expect(registry.requests.isEmpty)
  }
}
