// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import LinuxSystem
import OCISpec

/// A received layer archive.
enum LayerFile {
  /// Told from its first bytes.
  static func compression(_ file: Ingest.File, in ingest: Ingest) throws(HullError) -> Compression {
    let fd = OwnedDescriptor(try ingest.open(file))
    return try DecompressingSource(FileSource(fd.number, name: "layer")).compression
  }

  /// Its bytes; the file is closed with the source.
  static func source(_ file: Ingest.File, in ingest: Ingest, progress: @escaping (Int64) -> Void) throws(HullError) -> any ByteSource {
    OwnedSource(try ingest.open(file), progress: progress)
  }
}

extension ContentStore {
  /// A stored blob's bytes; the file is closed with the source.
  package func source(_ digest: Digest, progress: @escaping (Int64) -> Void = { _ in }) throws(HullError) -> any ByteSource {
    OwnedSource(try open(digest), progress: progress)
  }
}

/// Reads a file that it owns, and says how far it is.
private final class OwnedSource: ByteSource {
  private let fd: OwnedDescriptor
  private let source: FileSource
  private let progress: (Int64) -> Void
  private var count: Int64 = 0

  init(_ number: Int32, progress: @escaping (Int64) -> Void) {
    fd = OwnedDescriptor(number)
    source = FileSource(number, name: "layer")
    self.progress = progress
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    let count = try source.read(into: buffer)
    self.count += Int64(count)
    progress(self.count)
    return count
  }
}
