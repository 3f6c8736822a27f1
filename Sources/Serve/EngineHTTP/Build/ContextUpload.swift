// SPDX-License-Identifier: Apache-2.0
import Archive
import Builder
import Errors
import Glibc
import LinuxSystem

/// Receives the archive that a client of `POST /build` sends: plain, gzip and zstd by itself, bzip2 and xz with the host's programs.
enum ContextUpload {
  private static let programs: [(magic: [UInt8], path: String)] = [
    (Array("BZh".utf8), "/usr/bin/bzip2"), ([0xfd] + Array("7zXZ".utf8), "/usr/bin/xz"),
  ]

  /// Reads a connected socket to the end. Blocking.
  /// - Parameter directory: where the bytes are kept.
  static func receive(_ socket: Int32, keptIn directory: String) throws(HullError) -> TreePack {
    guard let program = program(for: socket) else { return try TreePack.receive(FileSource(socket, name: name), keptIn: directory) }
    let pipe = try step("cannot unpack \(name)") { () throws(SystemError) in try Descriptors.pipe() }
    let reading = OwnedDescriptor(pipe.first)
    let pid = try start(program, socket, writingTo: pipe.second)
    var outcome: Result<TreePack, HullError>
    do throws(HullError) {
      outcome = .success(try TreePack.receive(FileSource(reading.number, name: name), keptIn: directory))
    } catch {
      outcome = .failure(error)
      kill(pid, SIGTERM)
    }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let pack = try outcome.get()
    guard status == 0 else { throw HullError(.invalidArgument, "\(name) is broken: \(program) cannot read it") }
    return pack
  }

  private static let name = "the build context"

  /// What unpacks the archive that comes next; `nil`: nothing is needed. No byte is taken.
  private static func program(for socket: Int32) -> String? {
    var head = [UInt8](repeating: 0, count: 6)
    let count = recv(socket, &head, head.count, Int32(MSG_PEEK) | Int32(MSG_WAITALL))
    guard count == head.count else { return nil }
    return programs.first { head.starts(with: $0.magic) && access($0.path, X_OK) == 0 }?.path
  }

  private static func start(_ program: String, _ input: Int32, writingTo output: Int32) throws(HullError) -> Int32 {
    let writing = OwnedDescriptor(output)
    return try step("cannot unpack \(name)") { () throws(SystemError) in
      try Subprocess.start(program, [program, "-dc"], environment: ["LC_ALL=C"], stdin: input, stdout: writing.number)
    }
  }
}
