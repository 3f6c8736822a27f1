// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Errors
import OCISpec

/// A client's graph of a single source, a repository or a download: all of graphs that `bake` needs for definitions that lie elsewhere.
struct SourceDefinition: Sendable, Hashable {
  /// As builds name it.
  let address: String
  /// What a download is called; `nil`: it is a repository.
  let filename: String?

  /// `nil`: there is more in the graph, or something else.
  init?(_ definition: LLBDefinition) {
    let steps = definition.def.compactMap { try? LLBOp(serializedBytes: $0) }.filter { $0.op != nil }
    guard steps.count == 1, case .source(let source)? = steps[0].op else { return nil }
    if source.identifier.hasPrefix("git://") {
      let address = GitAttributes(source).address(isWhole: true)
      // Others are repositories only in graphs.
      guard GitAddress.matches(address) else { return nil }
      (self.address, filename) = (address, nil)
    } else if source.identifier.hasPrefix("https://") || source.identifier.hasPrefix("http://") {
      (address, filename) = (source.identifier, source.attrs["http.filename"] ?? String(source.identifier.split(separator: "/").last ?? "download"))
    } else {
      return nil
    }
  }

  /// Its files, under the names that the client expects.
  func files(from backend: any BuildBackend, for session: any BuildSession) async throws -> any FileTree {
    guard let filename else { return try await backend.repository(address, session) }
    return RenamedTree(tree: try await backend.download(address), name: filename)
  }
}

/// A tree of one file, under another name.
private struct RenamedTree: FileTree {
  let tree: any FileTree
  let name: String

  private func own(_ path: String) throws(HullError) -> String {
    guard path == name, let own = try tree.names(in: "").first else { return path }
    return own
  }

  func node(_ path: String) throws(HullError) -> TreeNode? { try path.isEmpty || path == name ? tree.node(own(path)) : nil }
  func names(in directory: String) throws(HullError) -> [String] { directory.isEmpty ? [name] : [] }
  func digest(_ path: String) throws(HullError) -> Digest { try tree.digest(own(path)) }
  func source(_ path: String) throws(HullError) -> any ByteSource { try tree.source(own(path)) }
}
