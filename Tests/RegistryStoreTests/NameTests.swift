// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryStore
import Testing

struct NameTests {
  @Test(arguments: [
    "", "/", "..", "../a", "a/../b", "a//b", "/a", "a/", "_tags", "a/_manifests", ".a", "A", "a b", "a\u{0}b", "a%2fb", "ä", "a/-b",
    String(repeating: "a", count: 256),
  ])
  func hostileNamesAreNoRepositories(_ text: String) {
    expect(.nameInvalid) { _ = try RepositoryName(text) }
  }

  @Test(arguments: ["", ".", "..", "../x", "a/b", "-a", String(repeating: "t", count: 129), "a\u{0}"])
  func hostileTagsAreRefused(_ text: String) {
    expect(.tagInvalid) { _ = try ManifestReference(text) }
  }

  @Test(arguments: [
    "sha256:", "sha256:../../etc/passwd", "sha256:ABC", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:" + String(repeating: "g", count: 64),
  ])
  func hostileDigestsAreRefused(_ text: String) {
    expect(.digestInvalid) { _ = try ManifestReference(text) }
  }

  @Test func patternsMatchWithinAndAcrossSlashes() throws {
    #expect(try NamePattern("team/*").matches("team/app"))
    #expect(try !NamePattern("team/*").matches("team/app/x"))
    #expect(try NamePattern("team/**").matches("team/app/x"))
    #expect(try NamePattern("**").matches("anything/at/all"))
    #expect(try NamePattern("v*").matches("v1.2"))
    #expect(try !NamePattern("v*").matches("1v"))
    #expect(try NamePattern("*-rc*").matches("1.0-rc2"))
    #expect(try !NamePattern("team").matches("teams"))
  }
}
