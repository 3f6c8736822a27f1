// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors

/// Tells archives by their bytes.
enum ArchiveDetection {
  /// Whether a file is a tar archive, compressed or not.
  /// - Parameter scratch: a directory for what has to be written down on the way.
  static func isArchive(_ path: String, in tree: any FileTree, scratch: String) throws(HullError) -> Bool {
    let source = try? DecompressingSource(try HostDecompression.unpacking(try tree.source(path), path, keptIn: scratch))
    guard let block = try? source?.head(512), block.count == 512 else { return false }
    // "ustar" of POSIX and GNU.
    return Array(block[257..<262]) == Array("ustar".utf8)
  }
}
