// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// The bytes of many files, one after the other in a file without a name.
final class PackedBytes: Sendable {
  /// Where a file's bytes are, and what they are.
  struct Stretch: Sendable {
    var offset: Int64
    var size: Int64
    var sum: Sum

    /// Of an empty file.
    static let empty = Stretch(offset: 0, size: 0, sum: Sum(SHA256().finish()))
    /// Of what is no file.
    static let nothing = Stretch(offset: 0, size: 0, sum: Sum())
  }

  /// A SHA-256 sum in its 32 bytes.
  struct Sum: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init() {}

    init(_ digest: Digest) {
      var rest = digest.hex[...]
      func next() -> UInt64 {
        defer { rest = rest.dropFirst(16) }
        return UInt64(rest.prefix(16), radix: 16) ?? 0
      }
      words = (next(), next(), next(), next())
    }

    var digest: Digest {
      withUnsafeBytes(of: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)) { Digest(sha256: $0) }
    }
  }

  private let fd: Int32
  /// Bytes of all files together.
  let size: Int64

  /// - Parameter fd: becomes this value's.
  fileprivate init(_ fd: Int32, size: Int64) { (self.fd, self.size) = (fd, size) }

  deinit { close(fd) }

  func source(_ offset: Int64, _ size: Int64) -> any ByteSource { Reader(self, offset, size) }

  private final class Reader: ByteSource {
    private let bytes: PackedBytes
    private var offset: Int64
    private var left: Int64

    init(_ bytes: PackedBytes, _ offset: Int64, _ left: Int64) { (self.bytes, self.offset, self.left) = (bytes, offset, left) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
      while left > 0 {
        let count = pread(bytes.fd, buffer.baseAddress, min(buffer.count, Int(left)), off_t(offset))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw systemFailure("cannot read the build context") }
        offset += Int64(count)
        left -= Int64(count)
        return count
      }
      return 0
    }
  }
}

/// Writes the bytes of files one after the other. For one thread at a time; without `finish()` everything is gone with this value.
final class PackedBytesWriter: ByteSink, @unchecked Sendable {
  // One thread at a time uses it, as said above; it is handed from thread to thread.
  private let fd: Int32
  private let disk: DiskGuard
  private let sink: BufferedSink
  private var offset: Int64 = 0
  private var start: Int64 = 0
  private let hash = SHA256()

  /// - Parameter directory: on whose file system the bytes lie.
  init(directory: String, piece: Int = BufferedSink.usualSize) throws(HullError) {
    fd = try step("cannot receive a build context in \(directory)") { () throws(SystemError) in try Files.unnamed(in: directory) }.take()
    disk = DiskGuard(fd, place: directory)
    sink = BufferedSink(FileSink(fd, name: "the build context"), size: piece)
  }

  deinit { close(fd) }

  /// Some of a file's bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    try disk.take(Int64(bytes.count), for: "cannot store the build context")
    try sink.write(bytes)
    offset += Int64(bytes.count)
    hash.update(bytes)
  }

  /// Ends a file; the next one begins.
  func end() -> PackedBytes.Stretch {
    defer { start = offset }
    return PackedBytes.Stretch(offset: start, size: offset - start, sum: PackedBytes.Sum(hash.finish()))
  }

  func finish() throws(HullError) -> PackedBytes { PackedBytes(try file().take(), size: offset) }

  /// All bytes as an open file, at its beginning.
  func file() throws(HullError) -> OwnedDescriptor {
    try sink.flush()
    let own = fcntl(fd, F_DUPFD_CLOEXEC, 0)
    guard own >= 0, lseek(own, 0, SEEK_SET) == 0 else { throw systemFailure("cannot keep a build context") }
    return OwnedDescriptor(own)
  }
}
