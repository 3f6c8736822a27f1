// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// The bytes of many files, one after the other: few of them in memory, more in a file without a name.
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

  private enum Place: Sendable {
    case memory([UInt8])
    /// It is this value's.
    case file(Int32)
  }

  private let place: Place
  /// Bytes of all files together.
  let size: Int64

  fileprivate init(_ bytes: [UInt8]) { (place, size) = (.memory(bytes), Int64(bytes.count)) }

  fileprivate init(_ file: consuming OwnedDescriptor, size: Int64) { (place, self.size) = (.file(file.take()), size) }

  deinit { if case .file(let fd) = place { close(fd) } }

  func source(_ offset: Int64, _ size: Int64) -> any ByteSource {
    switch place {
    case .memory(let bytes): PrefixedSource(bytes[Int(offset)..<Int(offset + size)])
    case .file(let fd): Reader(self, fd, offset, size)
    }
  }

  private final class Reader: ByteSource {
    /// Keeps the file open.
    private let bytes: PackedBytes
    private let fd: Int32
    private var offset: Int64
    private var left: Int64

    init(_ bytes: PackedBytes, _ fd: Int32, _ offset: Int64, _ left: Int64) {
      (self.bytes, self.fd, self.offset, self.left) = (bytes, fd, offset, left)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
      while left > 0 {
        let count = pread(fd, buffer.baseAddress, min(buffer.count, Int(left)), off_t(offset))
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
  private static let mostInMemory = 64 << 10
  private let directory: String
  /// All of them, as long as they are few.
  private var few: [UInt8] = []
  private var file: PackedFile?
  private var offset: Int64 = 0
  private var start: Int64 = 0
  private let hash = SHA256()

  /// - Parameter directory: on whose file system the bytes lie, when they are many.
  init(directory: String) { self.directory = directory }

  /// Some of a file's bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    if file == nil, few.count + bytes.count <= Self.mostInMemory { few += bytes } else { try openFile().write(bytes) }
    offset += Int64(bytes.count)
    hash.update(bytes)
  }

  /// Ends a file; the next one begins.
  func end() -> PackedBytes.Stretch {
    defer { start = offset }
    return PackedBytes.Stretch(offset: start, size: offset - start, sum: PackedBytes.Sum(hash.finish()))
  }

  func finish() throws(HullError) -> PackedBytes {
    guard let file else { return PackedBytes(few) }
    return PackedBytes(try file.reopen(), size: offset)
  }

  /// All bytes as an open file, at its beginning.
  func asFile() throws(HullError) -> OwnedDescriptor { try openFile().reopen() }

  private func openFile() throws(HullError) -> PackedFile {
    if let file { return file }
    let file = try PackedFile(in: directory)
    try file.write(few)
    (self.file, few) = (file, [])
    return file
  }
}

/// A file without a name that is being written.
private final class PackedFile: ByteSink {
  private let fd: Int32
  private let disk: DiskGuard
  private let sink: BufferedSink

  init(in directory: String) throws(HullError) {
    fd = try step("cannot receive a build context in \(directory)") { () throws(SystemError) in try Files.unnamed(in: directory) }.take()
    disk = DiskGuard(fd, place: directory)
    sink = BufferedSink(FileSink(fd, name: "the build context"))
  }

  deinit { close(fd) }

  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    try disk.take(Int64(bytes.count), for: "cannot store the build context")
    try sink.write(bytes)
  }

  /// At its beginning, with all that was written.
  func reopen() throws(HullError) -> OwnedDescriptor {
    try sink.flush()
    let own = fcntl(fd, F_DUPFD_CLOEXEC, 0)
    guard own >= 0, lseek(own, 0, SEEK_SET) == 0 else { throw systemFailure("cannot keep a build context") }
    return OwnedDescriptor(own)
  }
}
