// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Writes an output that is one archive: a file gets its name when it is whole.
final class ArchiveReceiver {
  private let path: String?
  private let unfinished: String
  private var descriptor: Int32

  init(_ target: BuildOutputs.Target) throws {
    switch target {
    case .standardOutput: (path, unfinished, descriptor) = (nil, "", 1)
    case .file(let path):
      self.path = path
      unfinished = "\(path).\(getpid()).part"
      descriptor = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw FileError(path: path, verb: "create", code: errno) }
    case .directory(let path): throw HullError(.invalidArgument, "an archive cannot go into the directory \(path): name a file")
    }
  }

  func write(_ bytes: [UInt8]) throws { try Output.deliver(descriptor, bytes) }

  func finish() throws {
    guard let path else { return }
    close(descriptor)
    descriptor = -1
    guard rename(unfinished, path) == 0 else { throw FileError(path: path, verb: "rename", code: errno) }
  }

  /// The build has ended without it.
  func abandon() {
    guard path != nil, descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    unlink(unfinished)
  }
}
