// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Errors

/// What this side takes: outputs that are files.
extension BuildConversation {
  /// Unpacks an archive as it comes; everything else goes on meanwhile.
  func unpack(_ target: BuildOutputs.Target, from stream: UInt32) throws {
    guard case .directory(let path) = target else { throw HullError(.invalidArgument, "files go into a directory") }
    try Files.makeDirectories(path)
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
}
