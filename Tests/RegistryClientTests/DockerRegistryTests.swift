// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

/// Against Debian's docker-registry.
@Suite struct DockerRegistryTests {
  let user = RegistryCredentials(username: "user", password: "secret")

  /// Pushes an image, and pulls it again.
  private func expectRoundTrip(
    _ registry: DockerRegistry, _ configuration: RegistriesConfiguration = RegistriesConfiguration(), credentials: RegistryCredentials? = nil
  ) async throws {
    let image = try SampleImage(layer: sample(1_000_000))
    try await withRepository("\(registry.host)/some/image", configuration, credentials: credentials, access: .push) { repository async throws in
      for bytes in [image.layer, image.config] {
        #expect(try await repository.push(descriptor(bytes), from: BytesReader(bytes: bytes)) == .pushed)
        #expect(try await repository.push(descriptor(bytes), from: BytesReader(bytes: bytes)) == .exists)
      }
      #expect(try await repository.putManifest(.tag("1"), bytes: image.manifest, mediaType: MediaType.ociManifest) == image.descriptor.digest)
    }
    try await withRepository("\(registry.host)/some/image", configuration, credentials: credentials) { repository async throws in
      #expect(try await repository.descriptor(.tag("1")) == image.descriptor)
      #expect(try await repository.manifest(.tag("1"), expecting: image.descriptor).bytes == image.manifest)
      #expect(try await repository.manifest(.digest(image.descriptor.digest)).bytes == image.manifest)
      #expect(try await repository.tags() == ["1"])
      #expect(try await repository.has(image.descriptor.digest) == false)
      let target = MemoryBlob(image.layer.count)
      try await repository.fetch(descriptor(image.layer), into: target)
      #expect(target.bytes == image.layer && target.total == image.layer.count)
    }
  }

  @Test func anImageGoesThereAndComesBack() async throws { try await expectRoundTrip(try DockerRegistry()) }

  @Test func basicAuthentication() async throws {
    let registry = try DockerRegistry(user: "user")
    try await expectRoundTrip(registry, credentials: user)
    try await withClient { client async throws in
      var credentials = user
      credentials.serverAddress = registry.host
      #expect(try await client.verify(credentials) == ("Login Succeeded", ""))
      credentials.password = "wrong"
      await refusal("login attempt to http://\(registry.host)/v2/ failed with status: 401 Unauthorized") { _ = try await client.verify(credentials) }
    }
    try await withRepository("\(registry.host)/a") { repository async throws in
      await refusal("no basic auth credentials") { _ = try await repository.manifest(.tag("1")) }
    }
  }

  @Test func aPrivateAuthorityAndAClientCertificate() async throws {
    let certificates = try Certificates()
    let registry = try DockerRegistry(name: "localhost", certificates: certificates)
    var configuration = RegistriesConfiguration()
    configuration.registries[registry.host] = .init(
      tls: TLSFiles(authorities: [certificates.authority], certificate: certificates.client, key: certificates.clientKey))
    try await expectRoundTrip(registry, configuration)
    let others = try Certificates()
    configuration.registries[registry.host]?.tls.authorities = [others.authority]
    try await withRepository("\(registry.host)/a", configuration) { repository async throws in
      await refusal("x509") { _ = try await repository.manifest(.tag("1")) }
      try run(["cp", certificates.authority, others.scratch("new")])
      try run(["mv", others.scratch("new"), others.authority])
      await refusal("manifest unknown", "not found") { _ = try await repository.manifest(.tag("1")) }
    }
    configuration.registries[registry.host]?.tls = TLSFiles(authorities: [try others.renewedAuthority()])
    try await withRepository("\(registry.host)/a", configuration) { repository async throws in
      await refusal("Get \"https://\(registry.host)/v2/a/manifests/1\": x509", "certs.d/\(registry.host)/ca.crt") {
        _ = try await repository.manifest(.tag("1"))
      }
    }
    configuration.registries[registry.host]?.tls = TLSFiles(authorities: [certificates.authority])
    try await withRepository("\(registry.host)/a", configuration) { repository async throws in
      await refusal("the server wants a client certificate", "client.cert and client.key") { _ = try await repository.manifest(.tag("1")) }
    }
    configuration.registries[registry.host]?.tls = TLSFiles(authorities: [certificates.clientKey])
    try await withRepository("\(registry.host)/a", configuration) { repository async throws in
      await refusal("cannot use the certificate authority in \"\(certificates.clientKey)\"") { _ = try await repository.manifest(.tag("1")) }
    }
  }

  @Test func blobsAreMountedFromAnotherRepository() async throws {
    let registry = try DockerRegistry()
    let bytes = sample(5000)
    let source = try Reference("\(registry.host)/first")
    try await withClient { client async throws in
      #expect(try await client.repository(source, access: .push).push(descriptor(bytes), from: BytesReader(bytes: bytes)) == .pushed)
      let second = client.repository(try Reference("\(registry.host)/second"), access: .push)
      #expect(try await second.push(descriptor(bytes), from: BytesReader(bytes: []), mountable: [source]) == .mounted(from: source))
      let third = client.repository(try Reference("\(registry.host)/third"), access: .push)
      #expect(try await third.mount(descriptor(bytes).digest, from: source))
      #expect(try await !third.mount(descriptor(sample(9)).digest, from: source))
    }
  }

  @Test func whatIsNotThereIsSaidAsDockerSaysIt() async throws {
    let registry = try DockerRegistry()
    try await withRepository("\(registry.host)/none") { repository async throws in
      await refusal("manifest for \(registry.host)/none:1 not found: manifest unknown: manifest unknown") {
        _ = try await repository.manifest(.tag("1"))
      }
      await refusal("repository \(registry.host)/none not found: name unknown: repository name not known to registry") {
        _ = try await repository.tags()
      }
      await refusal("\(registry.host)/none: blob sha256:", "blob unknown") { try await repository.fetch(descriptor(sample(3)), into: MemoryBlob(3)) }
      #expect(try await repository.descriptor(.tag("1")) == nil)
    }
  }

  @Test func referrersOfARegistryWithoutTheAPI() async throws {
    let registry = try DockerRegistry()
    let image = try SampleImage()
    let signature = try SampleImage(layer: sample(5), subject: image.descriptor, artifactType: "application/signature")
    try await withRepository("\(registry.host)/a", access: .push) { repository async throws in
      for each in [image, signature] {
        for bytes in [each.layer, each.config] { _ = try await repository.push(descriptor(bytes), from: BytesReader(bytes: bytes)) }
        try await repository.putManifest(.digest(each.descriptor.digest), bytes: each.manifest, mediaType: MediaType.ociManifest)
      }
      let found = try await repository.referrers(image.descriptor.digest, artifactType: "application/signature")
      #expect(found.map(\.digest) == [signature.descriptor.digest])
    }
  }
}
