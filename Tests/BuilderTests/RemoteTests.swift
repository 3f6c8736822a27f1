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
    let address = try #require(try GitAddress(text))
    #expect(address.url == url)
    #expect(address.reference == reference)
    #expect(address.directory == directory)
  }

  @Test(arguments: [
    "https://example.com/Dockerfile", "http://example.com/context.tar.gz", "https://example.com/a.git/", "https://example.com/a.git.bar",
    "https://a.git", "src", "./a:b", "a@b", "",
  ])
  func othersAreNone(_ text: String) throws { #expect(try GitAddress(text) == nil) }

  @Test func whatIsKnownToBeARepositoryNeedNotLookLikeOne() throws {
    let address = try #require(try GitAddress("https://github.com/o/r?checksum=abc#main:sub", isGit: true))
    #expect((address.url, address.reference, address.directory, address.checksum) == ("https://github.com/o/r", "main", "sub", "abc"))
    #expect(try GitAddress("ftp://h/r", isGit: true) == nil)
  }

  @Test(arguments: ["https://a/b.git#--upload-pack=x", "https://a/b.git#a b", "git://a/b#x\ny"])
  func whatGitCouldTakeForAnOptionIsRefused(_ text: String) throws {
    let address = try #require(try GitAddress(text))
    #expect(throws: HullError.self) { try address.check() }
  }

  @Test func passwordsAreNotShown() throws {
    #expect(try #require(try GitAddress("https://user:secret@example.com/a.git")).shown == "https://example.com/a.git")
  }

  @Test(arguments: [
    ("https://user:secret@example.com:8443/a.git", "example.com:8443", "https://example.com:8443/"),
    ("http://example.com/a.git", "example.com", "http://example.com/"),
    ("https://evil@good@example.com/a.git", "example.com", "https://example.com/"),
  ])
  func credentialsAreForOneHost(_ text: String, _ host: String, _ scope: String) throws {
    let address = try #require(try GitAddress(text))
    #expect(address.host == host)
    #expect(address.webScope == scope)
    #expect(!address.usesSecureShell)
  }

  @Test(arguments: ["git@example.com:group/a.git", "ssh://git@example.com/a"])
  func agentsAreForSecureShell(_ text: String) throws {
    let address = try #require(try GitAddress(text))
    #expect(address.usesSecureShell)
    #expect(address.host == nil)
  }

  // MARK: Queries

  @Test(arguments: [
    ("?ref=v1", "v1", ""), ("?branch=v1", "refs/heads/v1", ""), ("?tag=v1", "refs/tags/v1", ""), ("?tag=refs/tags/v1", "refs/tags/v1", ""),
    ("?tag=v1#refs/tags/v1", "refs/tags/v1", ""), ("?subdir=/docs/sub/&ref=a%2Fb", "a/b", "docs/sub"), ("?subdir=docs#v1:docs", "v1", "docs"),
    ("?ref=v1#v1:x", "v1", "x"), ("?", nil, ""), ("#a%20b", "a b", ""),
  ])
  func aQuerySaysTheReferenceAndTheDirectory(_ rest: String, _ reference: String?, _ directory: String) throws {
    for base in ["https://example.com/a.git", "git@example.com:a.git", "ssh://example.com/a"] {
      let address = try #require(try GitAddress(base + rest))
      #expect((address.url, address.reference, address.directory) == (base, reference, directory))
    }
  }

  @Test func aQuerySaysWhatIsKeptAndChecked() throws {
    let plain = try #require(try GitAddress("https://example.com/a.git"))
    #expect(plain.hasSubmodules && plain.keepsGitDirectory == nil && plain.checksum == nil && plain.fileTime == .commit && !plain.fetchesCommit)
    let full = try #require(
      try GitAddress("https://example.com/a.git?keep-git-dir&submodules=0&commit=abc&mtime=checkout&fetch-by-commit=true"))
    #expect(!full.hasSubmodules && full.keepsGitDirectory == true && full.checksum == "abc" && full.fileTime == .checkout && full.fetchesCommit)
    #expect(try GitAddress("https://example.com/a.git?keep-git-dir=false&submodules=")?.keepsGitDirectory == false)
    #expect(try GitAddress("https://example.com/a.git?checksum=abc")?.checksum == "abc")
  }

  @Test(arguments: [
    ("?tag=v1#refs/heads/main", #"ref conflicts: "refs/heads/main" vs "refs/tags/v1""#), ("?ref=a#b", #"ref conflicts: "b" vs "a""#),
    ("?tag=a&branch=a", "branch conflicts with tag"), ("?subdir=a#:b", #"subdir conflicts: "b" vs "a""#),
    ("?commit=a&checksum=b", #"checksum conflicts: "b" vs "a""#), ("?ref=", #"query "ref" has no value"#),
    ("?ref=a&ref=b", #"query "ref" has multiple values"#), ("?depth=1", #"unexpected query "depth""#),
    ("?submodules=maybe", #"invalid submodules value: "maybe""#), ("?keep-git-dir=2", #"invalid keep-git-dir value: "2""#),
    ("?mtime=now", #"invalid mtime value: "now" (must be "checkout" or "commit")"#),
  ])
  func aQueryThatContradictsItselfIsRefused(_ query: String, _ message: String) {
    let text = "https://example.com/a.git" + query
    #expect(GitAddress.matches(text))
    let error = #expect(throws: HullError.self) { try GitAddress(text) }
    #expect(error?.message == message)
  }

  @Test(arguments: [
    ("https://u:p@example.com/a.git?tag=v1&subdir=d&commit=abc", "https://u:p@example.com/a.git#refs/tags/v1:d"),
    ("https://example.com/a.git#v1:d", "https://example.com/a.git#v1:d"), ("https://example.com/a.git?subdir=d", "https://example.com/a.git#:d"),
    ("https://example.com/a.git?submodules=0", "https://example.com/a.git"),
  ])
  func anAddressHasAShorterForm(_ text: String, _ form: String) throws {
    #expect(try GitAddress(text)?.fragmentForm(withDirectory: true) == form)
    #expect(try GitAddress(text)?.fragmentForm(withDirectory: false).hasSuffix("d") == false)
  }

  @Test func flagsAndTheAddressMustSayTheSame() throws {
    func step(_ query: String, keeps: Bool? = nil, checksum: String? = nil) throws -> RepositoryStep {
      let text = "https://example.com/a.git" + query
      return try RepositoryStep(text, try #require(try GitAddress(text)), keepsGitDirectory: keeps, checksum: checksum)
    }
    #expect(try step("").keepsGitDirectory == false)
    #expect(try step("?keep-git-dir=true").keepsGitDirectory)
    #expect(
      try step("", keeps: true, checksum: "ab")
        == step("?keep-git-dir=1&commit=ab", keeps: true, checksum: "ab").with(url: "https://example.com/a.git"))
    #expect(throws: HullError.self) { try step("?keep-git-dir=true", keeps: false) }
    #expect(throws: HullError.self) { try step("?commit=ab", checksum: "abc") }
  }
}

extension RepositoryStep {
  fileprivate func with(url: String) -> RepositoryStep {
    var step = self
    step.url = url
    return step
  }
}

@Suite("What references of Git repositories stand for")
struct GitRevisionTests {
  private static let (one, two, three) = (String(repeating: "1", count: 40), String(repeating: "2", count: 40), String(repeating: "3", count: 40))
  private let names = GitNames(
    """
    ref: refs/heads/main\tHEAD
    \(GitRevisionTests.one)\tHEAD
    \(GitRevisionTests.one)\trefs/heads/main
    \(GitRevisionTests.two)\trefs/heads/both
    \(GitRevisionTests.three)\trefs/tags/both
    \(GitRevisionTests.two)\trefs/tags/v1
    \(GitRevisionTests.three)\trefs/tags/v1^{}
    \(GitRevisionTests.three)\trefs/heads/deep/v2
    warning: something
    """)

  @Test func headIsTheBranchThatItStandsFor() {
    #expect(names.revision(nil) == GitRevision(name: "refs/heads/main", object: Self.one))
    #expect(names.revision("HEAD")?.commit == Self.one)
  }

  @Test(arguments: ["--upload-pack=x", "refs/heads/*", "refs/heads/a:refs/heads/b", "refs/../x", "main"])
  func whatAServerCallsItsHeadIsNoOption(_ name: String) {
    #expect(GitNames("ref: \(name)\tHEAD\n\(Self.one)\tHEAD").revision(nil) == GitRevision(name: "HEAD", object: Self.one))
  }

  @Test func aBranchGoesBeforeATag() {
    #expect(names.revision("both") == GitRevision(name: "refs/heads/both", object: Self.two))
    #expect(names.revision("tags/both")?.name == "refs/tags/both")
    #expect(names.revision("refs/tags/both")?.object == Self.three)
  }

  @Test(arguments: ["v1", "tags/v1", "refs/tags/v1"]) func anAnnotatedTagIsACommit(_ reference: String) throws {
    let revision = try #require(names.revision(reference))
    #expect(revision == GitRevision(name: "refs/tags/v1", object: Self.two, tagged: Self.three))
    #expect(revision.commit == Self.three)
  }

  @Test(arguments: ["v2", "refs/heads/v1", "111111", "nothing"]) func partsOfNamesAreNone(_ reference: String) {
    #expect(names.revision(reference) == nil)
  }

  @Test func aChecksumIsOfTheCommitOrTheTag() throws {
    let (revision, address) = (try #require(names.revision("v1")), try #require(try GitAddress("https://example.com/a.git")))
    for right in [nil, Self.two, Self.three, "333", "2222"] { try revision.check(right, of: address) }
    let error = #expect(throws: HullError.self) { try revision.check(Self.one, of: address) }
    #expect(error?.message.contains("expected checksum to match \(Self.one)") == true)
  }

  @Test func theKeyIsTheCommitUnlessTheNameIsKept() throws {
    let (tag, branch) = (try #require(names.revision("v1")), try #require(names.revision("deep/v2")))
    let address = try #require(try GitAddress("https://example.com/a.git#:sub"))
    #expect(tag.key(address, keepsGitDirectory: false) == branch.key(address, keepsGitDirectory: false))
    #expect(tag.key(address, keepsGitDirectory: true) != branch.key(address, keepsGitDirectory: true))
    let other = try #require(try GitAddress("https://example.com/a.git?submodules=false"))
    #expect(tag.key(address, keepsGitDirectory: false) != tag.key(other, keepsGitDirectory: false))
  }
}
