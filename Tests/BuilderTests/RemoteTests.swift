// SPDX-License-Identifier: Apache-2.0
import Errors
import Testing

@testable import Builder

@Suite("Addresses of Git repositories")
struct RemoteTests {
  @Test(arguments: [
    ("https://example.com/a.git", "https://example.com/a.git", nil, ""),
    ("https://example.com/a.git#v1", "https://example.com/a.git", "v1", ""),
    ("https://example.com/a.git#v1:docs/sub/", "https://example.com/a.git", "v1", "docs/sub"),
    ("https://example.com/a.git#:docs", "https://example.com/a.git", nil, "docs"),
    ("git://example.com/a", "git://example.com/a", nil, ""),
    ("git@example.com:group/a.git#main", "git@example.com:group/a.git", "main", ""),
    ("github.com/docker/docker", "https://github.com/docker/docker", nil, ""),
    ("ssh://git@example.com/a", "ssh://git@example.com/a", nil, ""),
  ])
  func addressesAreTakenApart(_ text: String, _ url: String, _ reference: String?, _ directory: String) throws {
    let address = try #require(GitAddress(text))
    #expect(address.url == url)
    #expect(address.reference == reference)
    #expect(address.directory == directory)
  }

  @Test(arguments: ["https://example.com/Dockerfile", "http://example.com/context.tar.gz", "src", "./a:b", "a@b", ""])
  func othersAreNone(_ text: String) { #expect(GitAddress(text) == nil) }

  @Test(arguments: ["https://a/b.git#--upload-pack=x", "https://a/b.git#a b", "git://a/b#x\ny"])
  func whatGitCouldTakeForAnOptionIsRefused(_ text: String) throws {
    let address = try #require(GitAddress(text))
    #expect(throws: HullError.self) { try address.check() }
  }

  @Test func passwordsAreNotShown() throws {
    #expect(try #require(GitAddress("https://user:secret@example.com/a.git")).shown == "https://example.com/a.git")
  }

  @Test(arguments: [
    ("https://user:secret@example.com:8443/a.git", "example.com:8443", "https://example.com:8443/"),
    ("http://example.com/a.git", "example.com", "http://example.com/"),
    ("https://evil@good@example.com/a.git", "example.com", "https://example.com/"),
  ])
  func credentialsAreForOneHost(_ text: String, _ host: String, _ scope: String) throws {
    let address = try #require(GitAddress(text))
    #expect(address.host == host)
    #expect(address.webScope == scope)
    #expect(!address.usesSecureShell)
  }

  @Test(arguments: ["git@example.com:group/a.git", "ssh://git@example.com/a"])
  func agentsAreForSecureShell(_ text: String) throws {
    let address = try #require(GitAddress(text))
    #expect(address.usesSecureShell)
    #expect(address.host == nil)
  }
}
