// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Errors
import OCISpec

/// A client's graph of a single source, a repository or a download: all of graphs that `bake` needs for definitions that lie elsewhere.
enum SourceDefinition: Sendable, Hashable {
  /// By its address as builds name it.
  case repository(String)
  case file(GraphDownload)

  /// `nil`: there is more in the graph, or something else.
  init?(_ definition: LLBDefinition) {
    let steps = definition.def.compactMap { try? LLBOp(serializedBytes: $0) }.filter { $0.op != nil }
    guard steps.count == 1, case .source(let source)? = steps[0].op, !GraphSources.wantsSignature(source) else { return nil }
    if source.identifier.hasPrefix("git://") {
      let address = GitAttributes(source).address(isWhole: true)
      // Others are repositories only in graphs.
      guard GitAddress.matches(address) else { return nil }
      self = .repository(address)
    } else {
      guard case .download(let file)? = try? GraphSources.operation(source) else { return nil }
      self = .file(file)
    }
  }

  /// The address, when it is a repository.
  var repository: String? {
    if case .repository(let address) = self { address } else { nil }
  }

  /// Its files, under the names that the client expects.
  func files(from backend: any BuildBackend, for session: any BuildSession) async throws -> any FileTree {
    switch self {
    case .repository(let address): try await backend.repository(address, session)
    case .file(let file): RenamedTree(tree: try await backend.download(file.step, session), name: file.name)
    }
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
