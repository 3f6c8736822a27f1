// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import Synchronization
import Testing

@testable import Builder

/// The commit of every repository is the checksum that is asked for.
private struct AskedCommits: RemoteSources {
  func download(
    _ step: DownloadStep, authorization: String?, progress: @escaping @Sendable (String, Int64, Int64) -> Void
  ) async throws -> any FileTree {
    throw HullError(.notFound, step.url)
  }

  func archive(_ url: String, authorization: String?) async throws -> IdentifiedTree { IdentifiedTree(tree: TreePack.empty, identity: "archive") }

  func revision(_ address: GitAddress, checksum: String?, access: GitSource.Access) async throws -> GitRevision {
    GitRevision(name: "refs/heads/main", object: checksum ?? "any")
  }

  func checkout(
    _ address: GitAddress, _ revision: GitRevision, keepsGitDirectory: Bool, access: GitSource.Access
  ) async throws -> GitSource.Checkout {
    throw HullError(.notFound, address.url)
  }
}

/// Repositories that only a token opens.
private struct ClosedRepositories: RemoteSources {
  func download(
    _ step: DownloadStep, authorization: String?, progress: @escaping @Sendable (String, Int64, Int64) -> Void
  ) async throws -> any FileTree {
    throw HullError(.notFound, step.url)
  }

  func archive(_ url: String, authorization: String?) async throws -> IdentifiedTree { throw HullError(.notFound, url) }

  func revision(_ address: GitAddress, checksum: String?, access: GitSource.Access) async throws -> GitRevision {
    guard access.token == "geheim" else { throw HullError(.invalidArgument, "no access to \(address.url)") }
    return GitRevision(name: "refs/heads/main", object: "any")
  }

  func checkout(
    _ address: GitAddress, _ revision: GitRevision, keepsGitDirectory: Bool, access: GitSource.Access
  ) async throws -> GitSource.Checkout {
    guard access.token == "geheim" else { throw HullError(.invalidArgument, "no access to \(address.url)") }
    return GitSource.Checkout(tree: TreePack.empty, committed: 0)
  }
}

/// Each time that it is asked, a repository is at another commit.
private final class MovingRepositories: RemoteSources {
  private let count = Mutex(0)

  func download(
    _ step: DownloadStep, authorization: String?, progress: @escaping @Sendable (String, Int64, Int64) -> Void
  ) async throws -> any FileTree {
    let text = count.withLock { count in
      count += 1
      return "\(count)"
    }
    let writer = TreePackWriter(directory: "/var/tmp")
    writer.begin("file", TreeNode(kind: .regular, mode: 0o600))
    try Array(text.utf8).withUnsafeBytes { bytes in try writer.write(bytes) }
    try writer.end()
    return try writer.finish()
  }

  func archive(_ url: String, authorization: String?) async throws -> IdentifiedTree { throw HullError(.notFound, url) }

  func revision(_ address: GitAddress, checksum: String?, access: GitSource.Access) async throws -> GitRevision {
    let number = count.withLock { count in
      count += 1
      return count
    }
    return GitRevision(name: "refs/heads/main", object: "commit \(number)")
  }

  func checkout(
    _ address: GitAddress, _ revision: GitRevision, keepsGitDirectory: Bool, access: GitSource.Access
  ) async throws -> GitSource.Checkout {
    GitSource.Checkout(tree: TreePack.empty, committed: 0)
  }
}

private struct NoClient: BuildSession {
  var secrets: [String: String] = [:]
  /// Wants to know of each source, and denies it or not; `nil`: does not care.
  var denies: Bool?

  func allowed(_ source: SourcePolicy.Source, platform: Platform, _ inquire: @escaping SourceInquiry) async throws -> SourcePolicy.Source {
    guard let denies else { return source }
    _ = try await inquire(source)
    if denies { throw HullError(.forbidden, source.name) }
    return source
  }

  func context(_ name: String, _ selection: ContextSelection) async throws -> any FileTree { throw HullError(.notFound, name) }
  func secret(_ id: String) async throws -> [UInt8]? { secrets[id].map { Array($0.utf8) } }
  func sshAgent(_ id: String) async throws -> Int32? { nil }
  func credentials(for registry: String) async throws -> RegistryLogin? { nil }
  func receiveArchive(_ id: String, attributes: [String: String], _ write: @escaping @Sendable (any BuildSink) throws -> Void) async throws {}
  func receiveFiles(_ id: String, _ tree: any FileTree) async throws {}
  func readContent(_ digest: Digest, of directory: String, _ take: @escaping @Sendable ([UInt8]) throws(HullError) -> Void) async throws {}
  func writeContent(_ blob: Descriptor, to directory: String, from source: @escaping @Sendable () throws -> any ByteSource) async throws {}
}

@Suite("Secrets for files of the web")
struct WebAuthorizationTests {
  private func value(_ secrets: [String: String], of secret: String? = nil, _ url: String = "https://h.org:8443/f") async throws -> String? {
    var step = DownloadStep(url: url)
    step.secret = secret
    return try await WebAuthorization(NoClient(secrets: secrets)).value(for: step)
  }

  @Test func theHostSaysWhichSecretItIs() async throws {
    #expect(try await value(["HTTP_AUTH_TOKEN_h.org": "t\n"]) == "Bearer t")
    #expect(try await value(["HTTP_AUTH_HEADER_h.org": "Basic eA==\r\n"]) == "Basic eA==")
    #expect(try await value(["HTTP_AUTH_HEADER_h.org": "h", "HTTP_AUTH_TOKEN_h.org": "t"]) == "Bearer t")
    #expect(try await value(["HTTP_AUTH_TOKEN_org": "t", "HTTP_AUTH_TOKEN": "t"]) == nil)
    #expect(try await value(["HTTP_AUTH_TOKEN_::1": "t"], "http://[::1]:80/") == "Bearer t")
  }

  @Test func aSecretOfItsOwnIsTheWholeValue() async throws {
    #expect(try await value(["key": "v", "HTTP_AUTH_TOKEN_h.org": "t"], of: "key") == "v")
    let missing = await #expect(throws: HullError.self) { try await value([:], of: "key") }
    #expect(missing?.code == .notFound)
  }

  @Test func whatIsNoFieldsValueIsNotSent() async throws {
    let error = await #expect(throws: HullError.self) { try await value(["HTTP_AUTH_TOKEN_h.org": "geheim\r\nHost: x"]) }
    #expect(error?.code == .invalidArgument && error?.description.contains("geheim") == false)
  }
}

@Suite("Repositories of a build")
struct FetchedRepositoriesTests {
  private func tree(_ url: String, checksum: String? = nil, isGit: Bool = false) async throws -> IdentifiedTree {
    let repositories = FetchedRepositories(AskedCommits(), session: NoClient(), sockets: "/var/tmp")
    return try await repositories.tree(RepositoryStep(url: url, checksum: checksum, waits: true, isGit: isGit))
  }

  @Test func theAddressSaysWhatIsChecked() async throws {
    #expect(try await tree("https://h/r.git").identity == "any")
    #expect(try await tree("https://h/r.git", checksum: "abc").identity == "abc")
    #expect(try await tree("https://h/r.git?commit=abc").identity == "abc")
    let (kept, plain) = (try await tree("https://h/r.git?keep-git-dir=true"), try await tree("https://h/r.git"))
    #expect(kept.key != plain.key)
  }

  @Test func whatIsKnownToBeARepositoryIsNoArchive() async throws {
    #expect(try await tree("https://h/r").identity == "archive")
    #expect(try await tree("https://h/r", isGit: true).identity == "any")
  }

  @Test func whoReadsFilesWithoutABuildHasItsSecretsToo() async throws {
    let sources = BuildSources(remote: ClosedRepositories(), sockets: "/var/tmp")
    await #expect(throws: HullError.self) { _ = try await sources.repository("https://h/r.git", session: NoClient()) }
    let tree = try await sources.repository("https://h/r.git", session: NoClient(secrets: ["GIT_AUTH_TOKEN": "geheim\n"]))
    #expect(try tree.names(in: "").isEmpty)
  }

  @Test func whatTheClientHasJudgedIsUsed() async throws {
    let repositories = FetchedRepositories(MovingRepositories(), session: NoClient(denies: false), sockets: "/var/tmp")
    #expect(try await repositories.tree(RepositoryStep(url: "https://h/r.git", waits: true)).identity == "commit 1")
    let file = try await FetchedFiles(MovingRepositories(), session: NoClient(denies: false)).tree(DownloadStep(url: "https://h/f")) { _, _, _ in }
    #expect(try file.digest("file") == SHA256.digest(of: "1"))
  }

  @Test func whatTheClientDeniesIsNotUsed() async {
    let repositories = FetchedRepositories(MovingRepositories(), session: NoClient(denies: true), sockets: "/var/tmp")
    await #expect(throws: HullError.self) { _ = try await repositories.tree(RepositoryStep(url: "https://h/r.git", waits: true)) }
    await #expect(throws: HullError.self) { _ = try await repositories.files.tree(DownloadStep(url: "https://h/f")) { _, _, _ in } }
  }
}
