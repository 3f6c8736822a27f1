// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Where an archive goes: a file that appears only when it is whole, or standard output when that is not a terminal.
final class ArchiveOutput {
  private let path: String
  private var descriptor: Int32 = 1
  private var temporary = ""

  /// `failing`: how a message about the path begins.
  init(_ path: String, failing: String) throws {
    self.path = path
    if path.isEmpty {
      if Terminal.isTerminal(1) {
        throw HullError(.invalidArgument, "cowardly refusing to save to a terminal. Use the -o flag or redirect")
      }
      return
    }
    if Files.isDirectory(path) { throw HullError(.invalidArgument, "\(failing): cannot write to a directory") }
    let (parent, name) = Paths.split(path)
    guard Files.isDirectory(parent) else {
      throw HullError(.invalidArgument, "\(failing): invalid output path: stat \(parent): no such file or directory")
    }
    var info = stat()
    if stat(path, &info) == 0, info.st_mode & S_IFMT != S_IFREG {
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    } else {
      temporary = "\(parent)/.\(name).\(getpid())"
      descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    }
    guard descriptor >= 0 else { throw FileError(path: path, verb: "open", code: errno) }
  }

  func write(_ response: Response) throws {
    while true {
      let bytes = try response.read()
      if bytes.isEmpty { break }
      guard Output.writeAll(descriptor, bytes) else { throw FileError(path: path.isEmpty ? "standard output" : path, verb: "write", code: errno) }
    }
    guard !temporary.isEmpty else { return }
    guard rename(temporary, path) == 0 else { throw FileError(path: path, verb: "rename", code: errno) }
    temporary = ""
  }

  deinit {
    if !temporary.isEmpty { unlink(temporary) }
    if descriptor > 2 { close(descriptor) }
  }
}
