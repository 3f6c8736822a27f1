// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import OCISpec
import Testing

@testable import RegistryClient

@Suite struct ConfigurationTests {
  private func configuration(_ json: String) throws -> RegistriesConfiguration {
    let scratch = try Scratch()
    return try RegistriesConfiguration(file: scratch.write("registries.json", json))
  }

  private func places(_ configuration: RegistriesConfiguration, _ name: String, _ access: RegistryAccess = .pull) throws -> [Place] {
    try configuration.places(Reference(name), access: access, credentials: nil)
  }

  @Test func everySettingOfTheFileIsRead() throws {
    let read = try configuration(
      """
      {"registries": {
         "docker.io": {"mirrors": [{"url": "https://cache.example/hub", "username": "u", "password": "p", "resolvesTags": false},
                                   {"url": "http://10.0.0.1:5000", "insecure": true}]},
         "secure.example:5000": {"ca": "/ca.crt", "certificate": "/c.cert", "key": "/c.key"},
         "*": {"mirrors": [{"url": "https://any.example/root/v2/proxy"}]}},
       "insecure": ["10.0.0.0/8"], "offline": true, "local": ["*.lan"],
       "proxies": {"http": "proxy.example:3128", "https": "http://proxy.example:3128", "except": [".lan"]},
       "certificateDirectories": ["/certs"]}
      """)
    #expect(read.registries["docker.io"]?.mirrors.map(\.resolvesTags) == [false, true])
    #expect(read.registries["docker.io"]?.mirrors[0].username == "u")
    #expect(read.registries["secure.example:5000"]?.tls == TLSFiles(authorities: ["/ca.crt"], certificate: "/c.cert", key: "/c.key"))
    #expect(read.proxies.https?.authority == "proxy.example:3128")
    #expect(read.offline && read.local == ["*.lan"] && read.certificateDirectories == ["/certs"])
  }

  @Test(arguments: [
    (#"{"mirrors": []}"#, "unknown setting \"mirrors\": there are registries, insecure, offline"),
    (#"{"registries": {"a": {"mirrors": [{"url": "cache.example"}]}}}"#, "it must begin with https:// or http://"),
    (#"{"registries": {"a": {"certificate": "x"}}}"#, "a certificate needs its key"),
    (#"{"offline": "yes"}"#, "offline: "),
    (#"{"registries": {"a": {"mirrors": [{}]}}}"#, "registries.a.mirrors.0: "),
    (#"{"proxies": {"https": "https://p"}}"#, "a proxy that is reached by https is not supported"),
    ("{", "registries.json: "),
  ])
  func mistakesInTheFileAreNamed(_ json: String, _ words: String) {
    #expect { try configuration(json) } throws: { "\($0)".contains(words) && "\($0)".contains("registries.json") }
  }

  @Test func mirrorsComeInOrderWithTheirPathsBeforeTheRegistry() throws {
    let read = try configuration(
      #"{"registries": {"docker.io": {"mirrors": [{"url": "https://one.example/proxy"}, {"url": "https://two.example/x/v2/y/"}]}}}"#)
    let found = try places(read, "busybox")
    #expect(found.map(\.name) == ["https://one.example/proxy", "https://two.example/x/v2/y/", "docker.io"])
    #expect(
      found.map { $0.address($0.roots[0], "tags/list").description } == [
        "https://one.example/v2/proxy/library/busybox/tags/list?ns=docker.io", "https://two.example/x/v2/y/library/busybox/tags/list?ns=docker.io",
        "https://registry-1.docker.io/v2/library/busybox/tags/list",
      ])
    #expect(try places(read, "busybox", .push).map(\.name) == ["docker.io"])
    #expect(try places(read, "quay.io/a").map(\.name) == ["quay.io"])
  }

  @Test func offlineAsksOnlyMirrorsAndWhatIsLocal() throws {
    var read = try configuration(#"{"offline": true, "local": ["hub.lan"], "registries": {"*": {"mirrors": [{"url": "https://m.lan"}]}}}"#)
    #expect(try places(read, "busybox").map(\.name) == ["https://m.lan"])
    #expect(try places(read, "hub.lan/a").map(\.name) == ["https://m.lan", "hub.lan"])
    #expect { try places(read, "busybox", .push) } throws: {
      "\($0)".contains("registry docker.io must not be asked: the configuration says offline")
    }
    read.registries = [:]
    #expect(throws: HullError.self) { try places(read, "busybox") }
  }

  @Test func plainHTTPIsTriedOnlyWhereItIsAllowed() throws {
    var configuration = RegistriesConfiguration()
    configuration.certificateDirectories = []
    configuration.insecure = ["old.example:5000", "10.0.0.0/8"]
    func schemes(_ name: String) throws -> [String] { try places(configuration, name).flatMap { $0.roots.map(\.scheme.rawValue) } }
    for name in ["localhost:5000/a", "127.0.0.9/a", "[::1]:5000/a", "old.example:5000/a", "10.1.2.3/a"] {
      #expect(try schemes(name) == ["https", "http"])
    }
    for name in ["busybox", "old.example/a", "11.1.2.3/a"] { #expect(try schemes(name) == ["https"]) }
  }

  @Test func certificatesAreFoundAsDockerFindsThem() throws {
    let scratch = try Scratch()
    for name in ["ca.crt", "more.crt", "client.cert", "client.key", "other.cert"] { _ = try scratch.write("registry.example:5000/\(name)", "") }
    var configuration = RegistriesConfiguration()
    configuration.certificateDirectories = [scratch("none"), scratch.path]
    let files = try places(configuration, "registry.example:5000/a")[0].policy.tls
    let directory = scratch("registry.example:5000")
    #expect(files.authorities == ["\(directory)/ca.crt", "\(directory)/more.crt"])
    #expect(files.certificate == "\(directory)/client.cert" && files.key == "\(directory)/client.key")
  }

  @Test func proxiesComeFromTheEnvironment() throws {
    let proxies = try ProxySettings(environment: [
      "http_proxy": "http://user:p%40ss@proxy:3128", "HTTPS_PROXY": "proxy:8080", "NO_PROXY": "example.com, 10.0.0.0/8",
    ])
    func proxy(_ url: String) throws -> String? { proxies.proxy(for: try WebAddress(url))?.authority }
    #expect(try proxy("http://a/") == "proxy:3128")
    #expect(try proxy("https://a/") == "proxy:8080")
    for url in ["https://example.com/", "https://a.example.com/", "https://10.1.1.1/", "https://localhost/", "http://127.0.0.1:5000/"] {
      #expect(try proxy(url) == nil)
    }
    #expect(proxies.http?.description == "http://proxy:3128", "the password does not show")
  }

  @Test func credentialsComeFromDockersHeaders() throws {
    func header(_ json: String) -> String { Data(json.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_") }
    let read = try RegistryCredentials(header: header(#"{"username":"u","password":"p?>~ü","serveraddress":"https://index.docker.io/v1/"}"#))
    #expect(read == RegistryCredentials(username: "u", password: "p?>~ü", serverAddress: "https://index.docker.io/v1/"))
    #expect(try RegistryCredentials(header: header(#"{"auth":"dTpwOnE="}"#)).password == "p:q")
    #expect(try RegistryCredentials(header: header(#"{"identitytoken":"t"}"#)).identityToken == "t")
    #expect(try RegistryCredentials(header: header("{}")).isEmpty)
    for text in ["%%%", header("[]"), header("x")] { #expect(throws: HullError.self) { try RegistryCredentials(header: text) } }
    let all = try RegistryKeychain(header: header(#"{"https://index.docker.io/v1/":{"username":"hub"},"localhost:5000":{"username":"local"}}"#))
    #expect(all["docker.io"]?.username == "hub" && all["localhost:5000"]?.username == "local" && all["quay.io"] == nil)
  }
}
