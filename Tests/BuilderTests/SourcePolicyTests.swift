// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import Testing

@testable import Builder

@Suite("What clients allow of sources")
struct SourcePolicyTests {
  private func source(_ name: String, _ rules: SourcePolicy.Rule...) throws -> String {
    try SourcePolicy(rules).source(for: SourcePolicy.Source(name, ["http.checksum": "sha256:1"])).name
  }

  @Test func withoutRulesEverythingStays() throws {
    #expect(try source("docker-image://a") == "docker-image://a")
  }

  @Test func theLastWordOnASourceCounts() throws {
    let (deny, allow) = (SourcePolicy.Rule(.deny, "https://*"), SourcePolicy.Rule(.allow, "https://good.example/*"))
    #expect(try source("https://good.example/x", deny, allow) == "https://good.example/x")
    #expect(throws: HullError.self) { try source("https://good.example/x", allow, deny) }
    #expect(throws: HullError.self) { try source("https://other.example/x", deny, allow) }
    #expect(try source("git://x", deny) == "git://x")
  }

  @Test func anotherSourceTakesItsPlace() throws {
    let mirror = SourcePolicy.Rule(.convert(to: "docker-image://mirror.example/${1}", attributes: [:]), "docker-image://docker.io/library/*")
    #expect(try source("docker-image://docker.io/library/a:1", mirror) == "docker-image://mirror.example/a:1")
    let exact = SourcePolicy.Rule(.convert(to: "local://test", attributes: [:]), "docker-image://docker.io/library/a:1", .exact)
    #expect(try source("docker-image://docker.io/library/a:1", exact) == "local://test")
    #expect(try source("docker-image://docker.io/library/a:2", exact) == "docker-image://docker.io/library/a:2")
    let expression = SourcePolicy.Rule(.convert(to: "https://b/$2", attributes: [:]), "https://(a|c)/([0-9]+)$", .regularExpression)
    #expect(try source("https://c/12", expression) == "https://b/12" && source("https://c/x", expression) == "https://c/x")
  }

  @Test func rulesThatLeadInACircleAreRefused() {
    let (there, back) = (SourcePolicy.Rule(.convert(to: "b", attributes: [:]), "a"), SourcePolicy.Rule(.convert(to: "a", attributes: [:]), "b"))
    #expect(throws: HullError.self) { try source("a", there, back) }
    #expect(throws: HullError.self) { try source("x", SourcePolicy.Rule(.deny, "(", .regularExpression)) }
  }

  @Test func attributesMayHaveToBeSo() throws {
    var rule = SourcePolicy.Rule(.deny, "https://*")
    rule.constraints = [.init(key: "http.checksum", value: "", condition: .equal)]
    #expect(try source("https://a", rule) == "https://a")
    rule.constraints = [.init(key: "http.checksum", value: "^sha256:", condition: .matches), .init(key: "other", value: "1", condition: .notEqual)]
    #expect(throws: HullError.self) { try source("https://a", rule) }
  }

  @Test func buildsObeyIt() throws {
    var request = BuildRequest(id: "b")
    request.policy = SourcePolicy([
      .init(.convert(to: "local://test", attributes: [:]), "docker-image://docker.io/library/alpine:latest"),
      .init(.convert(to: "docker-image://docker.io/library/busybox:1", attributes: [:]), "docker-image://docker.io/library/busybox:latest"),
      .init(.convert(to: "https://a/pinned", attributes: ["http.checksum": SHA256.digest(of: "x").description]), "https://a/b"),
      .init(.deny, "local://secret"),
    ])
    guard case .files(.context("test", _)) = try request.policed(image: "alpine"), case .image(let image) = try request.policed(image: "busybox"),
      case .image("debian") = try request.policed(image: "debian")
    else { throw HullError(.internalError, "other sources") }
    #expect(image == "docker.io/library/busybox:1")
    var (file, pinned) = (DownloadStep(url: "https://a/b"), DownloadStep(url: "https://a/pinned", checksum: SHA256.digest(of: "x")))
    (file.secret, pinned.secret) = ("key", "key")
    #expect(try request.policed(.download(file)) == .download(pinned))
    #expect(try request.policed(.context("context", ContextSelection())) == .context("context", ContextSelection()))
    #expect(throws: HullError.self) { try request.policed(.context("secret", ContextSelection())) }
  }
}
