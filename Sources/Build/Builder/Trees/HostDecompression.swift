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

  /// Bytes as they are, unpacked when they are bzip2's or xz's and the host has the program.
  /// - Parameter directory: on whose file system a copy of the compressed bytes lies meanwhile, without a name.
  static func unpacking(_ source: any ByteSource, _ name: String, keptIn directory: String) throws(HullError) -> any ByteSource {
    let head = try source.head(6)
    let whole = PrefixedSource(head, then: source)
    guard let program = programs.first(where: { head.starts(with: $0.magic) && access($0.path, X_OK) == 0 }) else { return whole }
    return try HostDecompression(whole, name, program.path, keptIn: directory)
  }

  private init(_ source: any ByteSource, _ name: String, _ program: String, keptIn directory: String) throws(HullError) {
    self.name = name
    let bytes = PackedBytesWriter(directory: directory)
    let chunks = BufferedChunks(source)
    while let chunk = try chunks.next() { try bytes.write(chunk) }
    size = bytes.end().size
    let input = try bytes.asFile()
    let pipe = try step("cannot unpack \(name)") { () throws(SystemError) in try Descriptors.pipe() }
    output = OwnedDescriptor(pipe.first)
    let writing = OwnedDescriptor(pipe.second)
    self.program = try step("cannot unpack \(name)") { () throws(SystemError) in
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
