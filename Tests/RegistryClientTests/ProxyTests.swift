// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

@Suite struct ProxyTests {
  let image: SampleImage

  init() throws { image = try SampleImage() }

  private func configuration(_ proxy: FaultyServer, except: [String] = []) throws -> RegistriesConfiguration {
    var configuration = RegistriesConfiguration()
    configuration.insecure = ["registry.test"]
    let address = try WebAddress("http://user:secret@\(proxy.host)")
    configuration.proxies = ProxySettings(http: address, https: address, except: except)
    return configuration
  }

  @Test func requestsGoThroughTheProxyWithItsCredentials() async throws {
    let proxy = try await FaultyServer { [image] exchange in
      guard exchange.request.method == "GET" else { return try await exchange.answer(502, [:], "") }
      try await exchange.serve(image)
    }
    try await withRepository("registry.test:5000/a", try configuration(proxy).declaring("registry.test:5000")) { repository in
      #expect(try await repository.manifest(.tag("1")).bytes == image.manifest)
    }
    let proxyCredentials = RegistryCredentials.basic("user", "secret")
    #expect(proxy.requests.map(\.method) == ["CONNECT", "GET"], "https through a tunnel is tried first")
    #expect(proxy.requests[0].uri == "registry.test:5000")
    #expect(proxy.requests[1].uri == "http://registry.test:5000/v2/a/manifests/1")
    #expect(proxy.requests.allSatisfy { $0.headers.first(name: "proxy-authorization") == proxyCredentials })
  }

  @Test func aProxyThatDoesNotOpenTheWayIsNamed() async throws {
    let proxy = try await FaultyServer { try await $0.answer(502, [:], "") }
    try await withRepository("secure.test/a", try configuration(proxy)) { repository in
      await refusal("Get \"https://secure.test/v2/a/manifests/1\": the proxy did not open a way to secure.test") {
        _ = try await repository.manifest(.tag("1"))
      }
    }
  }

  @Test func exceptionsAreAskedDirectly() async throws {
    let proxy = try await FaultyServer { try await $0.answer(502, [:], "") }
    try await withRepository("registry.test/a", try configuration(proxy, except: ["test"])) { repository in
      await refusal("dial tcp: lookup registry.test: no such host") { _ = try await repository.manifest(.tag("1")) }
    }
    #expect(proxy.requests.isEmpty)
  }
}

extension RegistriesConfiguration {
  /// The same, and plain HTTP is fine for one more host.
  fileprivate func declaring(_ host: String) -> RegistriesConfiguration {
    var configuration = self
    configuration.insecure.append(host)
    return configuration
  }
}
