// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import Testing

@testable import Builder

/// The commit of every repository is the checksum that is asked for.
private struct AskedCommits: RemoteSources {
  func download(_ url: String, checksum: Digest?, progress: @escaping @Sendable (String, Int64, Int64) -> Void) async throws -> any FileTree {
    throw HullError(.notFound, url)
  }

  func archive(_ url: String) async throws -> IdentifiedTree { IdentifiedTree(tree: TreePack.empty, identity: "archive") }

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
  func download(_ url: String, checksum: Digest?, progress: @escaping @Sendable (String, Int64, Int64) -> Void) async throws -> any FileTree {
    throw HullError(.notFound, url)
  }

  func archive(_ url: String) async throws -> IdentifiedTree { throw HullError(.notFound, url) }

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

private struct NoClient: BuildSession {
  var secrets: [String: String] = [:]

  func context(_ name: String, _ selection: ContextSelection) async throws -> any FileTree { throw HullError(.notFound, name) }
  func secret(_ id: String) async throws -> [UInt8]? { secrets[id].map { Array($0.utf8) } }
  func sshAgent(_ id: String) async throws -> Int32? { nil }
  func credentials(for registry: String) async throws -> RegistryLogin? { nil }
  func receiveArchive(_ id: String, attributes: [String: String], _ write: @escaping @Sendable (any BuildSink) throws -> Void) async throws {}
  func receiveFiles(_ id: String, _ tree: any FileTree) async throws {}
  func readContent(_ digest: Digest, of directory: String, _ take: @escaping @Sendable ([UInt8]) throws(HullError) -> Void) async throws {}
  func writeContent(_ blob: Descriptor, to directory: String, from source: @escaping @Sendable () throws -> any ByteSource) async throws {}
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
}
