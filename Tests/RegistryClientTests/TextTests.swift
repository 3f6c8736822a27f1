// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Testing

@testable import RegistryClient

/// What comes from outside as text: headers, URLs, names of hosts.
@Suite struct TextTests {
  @Test func challengesAreReadAsTheyCome() {
    let header = #"Bearer realm="https://auth.example/token",service="registry, the \"big\" one",scope="repository:a/b:pull,push" , Basic realm=x"#
    let challenges = Challenge.parse([header, "Negotiate", "Digest a=1, ,b = 2"])
    #expect(challenges.map(\.scheme) == ["bearer", "basic", "negotiate", "digest"])
    #expect(challenges[0].parameters["service"] == #"registry, the "big" one"#)
    #expect(challenges[0].parameters["scope"] == "repository:a/b:pull,push")
    #expect(challenges[3].parameters == ["a": "1", "b": "2"])
  }

  @Test(arguments: [
    "", ",,,", "=", #"Bearer realm=""#, #"Bearer realm="\"#, "Bearer =", "\u{0}\u{1}", String(repeating: "Bearer a=\"", count: 20_000),
  ])
  func challengesThatAreNoneDoNoHarm(_ text: String) {
    _ = Challenge.parse(Array(repeating: text, count: 40))
  }

  @Test func scopesOfOneResourceBecomeOne() {
    let scopes = Scope.parse("repository:host:5000/a:pull repository:b:pull,push nonsense registry:catalog:*")
    #expect(
      Scope.merged(scopes + [Scope(repository: "b", access: .pull)]).map(\.text) == [
        "registry:catalog:*", "repository:b:pull,push", "repository:host:5000/a:pull",
      ])
  }

  @Test func locationsAreResolvedAgainstWhereTheyCameFrom() throws {
    let base = try WebAddress("https://Registry.example:5000/v2/a/blobs/uploads/?x=1#part")
    #expect(base.description == "https://registry.example:5000/v2/a/blobs/uploads/?x=1")
    #expect(try base.resolving("/v2/b?_state=1").description == "https://registry.example:5000/v2/b?_state=1")
    #expect(try base.resolving("uuid?y").description == "https://registry.example:5000/v2/a/blobs/uploads/uuid?y")
    #expect(try base.resolving("//other/x").description == "https://other/x")
    #expect(try base.resolving("http://[::1]:80/x y").description == "http://[::1]/x%20y")
    #expect(
      try base.resolving("?n=2").adding("digest", "sha256:a/b").description
        == "https://registry.example:5000/v2/a/blobs/uploads/?n=2&digest=sha256%3Aa%2Fb")
  }

  @Test(arguments: [
    "", "ftp://x/", "https://", "https://:5", "https://a:0", "https://a:99999", "https://a:b", "https://a b/", "https://[::1/", "https:///x",
  ])
  func urlsThatAreNoneAreRefused(_ text: String) {
    #expect(throws: HullError.self) { try WebAddress(text) }
  }

  @Test func hostsAreMatchedByNameAddressAndPrefix() {
    func matches(_ pattern: String, _ host: String, _ port: Int = 443) -> Bool {
      HostPattern(pattern, bareNamesIncludeSubdomains: true).matches(host: host, port: port)
    }
    #expect(matches("*", "anything"))
    #expect(matches("example.com", "a.example.com") && matches("example.com", "example.com") && !matches("example.com", "badexample.com"))
    #expect(matches(".example.com", "a.example.com") && !matches(".example.com", "example.com"))
    #expect(matches("*.example.com", "a.example.com"))
    #expect(matches("10.0.0.0/8", "10.2.3.4") && !matches("10.0.0.0/8", "11.2.3.4") && !matches("10.0.0.0/8", "ten.example"))
    #expect(matches("fd00::/8", "[fd00::1]") && matches("::1", "[::1]"))
    #expect(matches("host:5000", "host", 5000) && !matches("host:5000", "host", 5001))
    #expect(!HostPattern("example.com").matches(host: "a.example.com", port: 443))
  }

  @Test func contentRangesAreReadStrictly() {
    #expect(ContentRange.parse("bytes 0-9/10")?.range == 0..<10)
    #expect(ContentRange.parse("bytes 5-5/*")?.range == 5..<6)
    for text in ["bytes 0-10/10", "bytes 9-0/10", "bytes -5/10", "bytes 0-9", "bytes +0-9/10", "bytes 0-9223372036854775807/*", "0-9/10"] {
      #expect(ContentRange.parse(text) == nil)
    }
  }

  @Test func datesBecomeSeconds() {
    #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
    #expect(HTTPDate.seconds("Sunday, 06-Nov-94 08:49:37 GMT") == 784_111_777)
    #expect(HTTPDate.seconds("Sunday, 06-Nov-94 08:49:37 UTC") == 784_111_777)
    for text in ["", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "06 Nov 1994", "Sunday, 06-Nov 08:49:37 GMT"] {
      #expect(HTTPDate.seconds(text) == nil)
    }
  }

  @Test func tokensAreBoundedAndHeaderSafe() throws {
    #expect(try Token(json: Array(#"{"access_token":"abc"}"#.utf8)).value == "abc")
    for json in ["", "[]", "{}", #"{"token":""}"#, #"{"token":"a\r\nX: y"}"#, #"{"token":"\#(String(repeating: "x", count: 70_000))"}"#] {
      #expect(throws: HullError.self) { try Token(json: Array(json.utf8)) }
    }
  }
}
