// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// File systems of a build as files. Blocking.
struct FileExport: Sendable {
  let options: FileOutput
  let attestations: ImageAttestations
  let store: BuildStore

  /// One file system, or one directory for each platform (`linux_amd64`), with the attestations beside the files.
  func tree(of images: [BuiltImage]) throws(HullError) -> any FileTree {
    let tree = try timeless(images)
    guard let epoch = options.epoch.seconds(of: attestations.request) else { return tree }
    return TimedTree(tree: tree, modified: epoch &* 1_000_000_000)
  }

  private func timeless(_ images: [BuiltImage]) throws(HullError) -> any FileTree {
    let splits = options.splitsPlatforms ?? (images.count > 1)
    guard images.count > 1 || splits else { return try whole(images[0], suffix: "") }
    if splits {
      var trees: [String: any FileTree] = [:]
      for image in images { trees[Self.directory(image.platform)] = try whole(image, suffix: "") }
      return JoinedTree(trees)
    }
    var trees: [any FileTree] = []
    for image in images { trees.append(try whole(image, suffix: "." + Self.directory(image.platform))) }
    return MergedTree(trees)
  }

  private static func directory(_ platform: Platform) -> String { platform.normalized.description.split(separator: "/").joined(separator: "_") }

  private func whole(_ image: BuiltImage, suffix: String) throws(HullError) -> any FileTree {
    let tree = try store.tree(of: image.fileSystem)
    let predicates = try attestations.predicates(of: image)
    guard !predicates.isEmpty else { return tree }
    let subjects = try self.subjects(tree)
    let writer = TreePackWriter(directory: attestations.directory)
    for predicate in predicates {
      writer.begin(name(predicate, suffix), TreeNode(kind: .regular, mode: 0o600))
      let statement = try predicate.statement(subjects)
      var failure: HullError?
      statement.withUnsafeBytes { bytes in
        do throws(HullError) { try writer.write(bytes) } catch { failure = error }
      }
      if let failure { throw failure }
      try writer.end(modified: image.origin.started)
    }
    return MergedTree([tree, try writer.finish()])
  }

  private func name(_ predicate: Predicate, _ suffix: String) -> String {
    let name = options.attestationPrefix + TreePaths.split(predicate.filename).name
    guard !suffix.isEmpty, let dot = name.lastIndex(of: ".") else { return name + suffix }
    return "\(name[..<dot])\(suffix)\(name[dot...])"
  }

  /// Every file, with its digest.
  private func subjects(_ tree: any FileTree) throws(HullError) -> [StatementSubject] {
    var subjects: [StatementSubject] = []
    var pending = [""]
    while let directory = pending.popLast() {
      for name in try tree.names(in: directory) {
        let path = TreePaths.join(directory, name)
        switch try tree.node(path)?.kind {
        case .directory: pending.append(path)
        case .regular: subjects.append(StatementSubject(name: path, digest: try tree.digest(path)))
        default: break
        }
      }
    }
    return subjects.sorted { $0.name < $1.name }
  }
}
