// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

@Suite struct ProxyTests {
  let image: SampleImage

  init() throws { image = try SampleImage() }

  private func configuration(_ port: Int, except: [String] = []) throws -> RegistriesConfiguration {
    var configuration = RegistriesConfiguration()
    configuration.insecure = ["registry.test:5000"]
    let address = try WebAddress("http://user:secret@127.0.0.1:\(port)")
    configuration.proxies = ProxySettings(http: address, https: address, except: except)
    return configuration
  }

  @Test func requestsGoThroughTheProxyWithItsCredentials() async throws {
    let registry = try await FaultyServer { [image] in try await $0.serve(image) }
    let proxy = try await TunnelProxy(to: registry.port)
    try await withRepository("registry.test:5000/a", try configuration(proxy.port)) { repository async throws in
      #expect(try await repository.manifest(.tag("1")).bytes == image.manifest)
    }
    #expect(registry.requests.map(\.uri) == ["/v2/a/manifests/1"])
    let heads = proxy.heads
    #expect(heads.count == 2, "https is tried first, then http")
    #expect(heads.allSatisfy { $0.hasPrefix("CONNECT registry.test:5000 HTTP/1.1\r\n") })
    #expect(heads.allSatisfy { $0.lowercased().contains("proxy-authorization: \(RegistryCredentials.basic("user", "secret").lowercased())") })
  }

  @Test func aProxyThatDoesNotOpenTheWayIsNamed() async throws {
    let proxy = try await FaultyServer { try await $0.answer(502, [:], "") }
    try await withRepository("secure.test/a", try configuration(proxy.port)) { repository async throws in
      await refusal("Get \"https://secure.test/v2/a/manifests/1\": the proxy did not open a way to secure.test") {
        _ = try await repository.manifest(.tag("1"))
      }
    }
  }

  @Test func exceptionsAreAskedDirectly() async throws {
    let proxy = try await FaultyServer { try await $0.answer(502, [:], "") }
    try await withRepository("registry.test/a", try configuration(proxy.port, except: ["test"])) { repository async throws in
      await refusal("dial tcp: lookup registry.test: no such host") { _ = try await repository.manifest(.tag("1")) }
    }
    #expect(proxy.requests.isEmpty)
  }
}
