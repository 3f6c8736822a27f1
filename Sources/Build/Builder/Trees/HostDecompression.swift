// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem

/// What a program of the host makes of a compressed file: bzip2 and xz, where Hull itself reads gzip and zstd. For one thread at a time. Blocking.
final class HostDecompression: ByteSource {
  private static let programs: [(magic: [UInt8], path: String)] = [
    (Array("BZh".utf8), "/usr/bin/bzip2"), ([0xfd] + Array("7zXZ".utf8), "/usr/bin/xz"),
  ]

  private let name: String
  private let size: Int64
  private let output: OwnedDescriptor
  private var program: Int32?
  private var produced: Int64 = 0

  /// A regular file's bytes, unpacked when they are bzip2's or xz's and the host has the program.
  /// - Parameter directory: on whose file system a copy of the compressed bytes lies meanwhile, without a name.
  static func source(_ path: String, in tree: any FileTree, keptIn directory: String) throws(HullError) -> any ByteSource {
    var magic = [UInt8](repeating: 0, count: 6)
    let head = try tree.source(path)
    var failure: HullError?
    let count = magic.withUnsafeMutableBytes { buffer in
      do throws(HullError) { return try head.read(into: buffer) } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    guard let program = programs.first(where: { magic.prefix(count).starts(with: $0.magic) && access($0.path, X_OK) == 0 }) else {
      return try tree.source(path)
    }
    return try HostDecompression(path, in: tree, program.path, keptIn: directory)
  }

  private init(_ path: String, in tree: any FileTree, _ program: String, keptIn directory: String) throws(HullError) {
    name = path
    size = try tree.node(path)?.size ?? 0
    // O_TMPFILE, which is too complex a macro for the import.
    let copy = Glibc.open(directory, 0o20_000_000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o600)
    guard copy >= 0 else { throw HullError("cannot unpack \(path) in \(directory)", SystemError(errno, "open")) }
    let input = OwnedDescriptor(copy)
    let sink = FileSink(input.number, name: path)
    try tree.read(path) { (bytes) throws(HullError) in try sink.write(bytes) }
    lseek(input.number, 0, SEEK_SET)
    let pipe = try step("cannot unpack \(path)") { () throws(SystemError) in try Descriptors.pipe() }
    output = OwnedDescriptor(pipe.first)
    let writing = OwnedDescriptor(pipe.second)
    self.program = try step("cannot unpack \(path)") { () throws(SystemError) in
      try Subprocess.start(program, [program, "-dc"], environment: ["LC_ALL=C"], stdin: input.number, stdout: writing.number)
    }
  }

  deinit {
    if let program {
      kill(program, SIGKILL)
      _ = HostDecompression.reap(program)
    }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    let count = try FileSource(output.number, name: name).read(into: buffer)
    produced += Int64(count)
    let limit = ExpansionLimit.standard
    guard produced <= limit.from || produced / limit.ratio <= size else {
      throw HullError(.tooLarge, "\(name): \(size) compressed bytes expand more than \(limit.ratio) times: refused as a decompression bomb")
    }
    if count == 0, let ended = program {
      program = nil
      guard HostDecompression.reap(ended) == 0 else { throw HullError(.invalidArgument, "\(name) is broken: it cannot be decompressed") }
    }
    return count
  }

  private static func reap(_ program: Int32) -> Int32 {
    var status: Int32 = 0
    while waitpid(program, &status, 0) < 0, errno == EINTR {}
    return status
  }
}
