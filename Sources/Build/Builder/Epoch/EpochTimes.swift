// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Threads

/// Finds out the time of what `SOURCE_DATE_EPOCH` stands for.
struct EpochTimes {
  let repositories: FetchedRepositories
  let session: any BuildSession
  /// On whose file system files are kept while they are read.
  let directory: String

  /// Seconds since 1970; `nil`: the source does not say. Fetches it when need be, which the build that needs it then does not do again.
  func seconds(of source: EpochSource) async throws -> Int64? {
    switch source {
    case .time(let seconds): return seconds
    case .tree(let source): return try await repositories.tree(source).modified
    case .upload:
      let tree = try await session.context("context", ContextSelection())
      return try await Blocking.run { try tree.newestTime() }
    case .file(let file):
      let tree = try await repositories.files.tree(file) { _, _, _ in }
      return try await Blocking.stream { [directory] in try Self.seconds(of: tree, keptIn: directory) }
    }
  }

  /// A download is a tree of one file, whose time is 0 when the server does not say it.
  private static func seconds(of download: any FileTree, keptIn directory: String) throws(HullError) -> Int64? {
    guard let name = try download.names(in: "").first, let node = try download.node(name) else { return nil }
    if node.modified > 0 { return node.modified / 1_000_000_000 }
    guard try ArchiveDetection.isArchive(name, in: download, scratch: directory) else { return nil }
    return try? TreePack.receive(try download.source(name), keptIn: directory).newestTime()
  }
}

extension FileTree {
  /// The time of the newest regular file, in whole seconds since 1970; `nil`: there is none. Blocking.
  func newestTime() throws(HullError) -> Int64? {
    var newest: Int64?
    var pending = [""]
    while let directory = pending.popLast() {
      for name in try names(in: directory) {
        let path = TreePaths.join(directory, name)
        guard let found = try node(path) else { continue }
        if found.kind == .directory { pending.append(path) }
        if found.kind == .regular { newest = max(newest ?? .min, found.modified) }
      }
    }
    return newest.map { ($0 - ($0 < 0 ? 999_999_999 : 0)) / 1_000_000_000 }
  }
}
