// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors

/// Tells archives by their bytes.
enum ArchiveDetection {
  /// Whether a file is a tar archive, compressed or not.
  /// - Parameter scratch: a directory for what has to be written down on the way.
  static func isArchive(_ path: String, in tree: any FileTree, scratch: String) throws(HullError) -> Bool {
    guard let source = try? DecompressingSource(try HostDecompression.unpacking(try tree.source(path), path, keptIn: scratch)) else { return false }
    var block = [UInt8](repeating: 0, count: 512)
    var filled = 0
    while filled < block.count {
      let count = block.withUnsafeMutableBytes { (try? source.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))) ?? 0 }
      if count == 0 { return false }
      filled += count
    }
    // "ustar" of POSIX and GNU.
    return Array(block[257..<262]) == Array("ustar".utf8)
  }
}
