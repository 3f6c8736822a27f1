// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Errors
import Glibc

/// What this side takes: outputs that are files.
extension BuildConversation {
  /// Unpacks an archive as it comes; everything else goes on meanwhile.
  func unpack(_ target: BuildOutputs.Target, from stream: UInt32) throws {
    guard case .directory(let path) = target else { throw HullError(.invalidArgument, "files go into a directory") }
    try makeDirectories(path)
    incoming[stream] = []
    defer { incoming[stream] = nil }
    var source = TarReader { [self] in
      while incoming[stream]?.isEmpty == true, end == nil { try turn(milliseconds: 100) }
      guard let first = incoming[stream]?.first else { throw HullError(.unavailable, "the engine broke off the build") }
      if first != nil { incoming[stream]?.removeFirst() }
      return first ?? []
    }
    var extractor = try TreeExtractor(into: path)
    try extractor.extract(&source) { $0 }
    try send(Frame(.accept, stream: stream))
  }

  private func makeDirectories(_ path: String) throws {
    if Files.isDirectory(path) { return }
    let parent = Paths.split(path).parent
    if parent != path { try makeDirectories(parent) }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw FileError(path: path, verb: "mkdir", code: errno) }
  }
}
