// SPDX-License-Identifier: Apache-2.0
import Archive
import OCISpec

/// What names a choice of files in file systems: the same choice in the same layers gives the same files, so that a key can be made without them.
enum SelectionKey {
  /// - Parameter parts: everything that the digest of the files depends on, in order.
  static func digest(_ kind: String, _ parts: [String]) -> Digest {
    SHA256.digest(of: (["hull selection 1", kind] + parts.map { "\($0.utf8.count):\($0)" }).joined(separator: "\u{0}"))
  }
}

extension CopyStep {
  /// `nil`: not all of its files are in file systems.
  func selection(in inputs: [Int: StepValue]) -> Digest? {
    var parts = ["\(parents) \(unpacks) \(unpacksDownloads) \(details)", "\(excludes.count)"] + excludes
    for source in sources {
      switch source {
      case .files(let input, let patterns):
        guard case .fileSystem(let fileSystem)? = inputs[input] else { return nil }
        parts += ["files", fileSystem.chain?.hex ?? "", "\(patterns.count)"] + patterns
      case .inline(let name, let bytes): parts += ["inline", name, SHA256.digest(of: bytes).hex]
      case .download, .repository: return nil
      }
    }
    return SelectionKey.digest("copy", parts)
  }
}

extension RunStep.Mount {
  /// `nil`: its files are in no file system.
  func selection(in value: StepValue) -> Digest? {
    guard case .fileSystem(let fileSystem) = value else { return nil }
    return SelectionKey.digest("mount", [fileSystem.chain?.hex ?? "", mount.source ?? ""])
  }
}
