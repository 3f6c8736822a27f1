// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Errors
import Glibc

/// What this side gives: secrets, accounts, contexts, and what agents say.
extension BuildConversation {
  func give(_ bytes: [UInt8]?, on stream: UInt32) throws {
    guard let bytes else { return try send(Frame(.refuse, stream: stream)) }
    try send(Frame(.data, stream: stream, bytes))
    try send(Frame(.end, stream: stream))
  }

  /// A blob of a cache that is in a file.
  func give(content path: String, on stream: UInt32) throws {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, verb: "open", code: errno) }
    defer { close(descriptor) }
    while case let bytes = try Files.readSome(descriptor, path: path, limit: Self.piece), !bytes.isEmpty {
      try send(Frame(.data, stream: stream, bytes))
      if connection.hasInput { try turn(milliseconds: 0) }
    }
    try send(Frame(.end, stream: stream))
  }

  static func account(_ registry: String) throws -> [UInt8]? {
    try DockerConfig.load().account(RegistryName.key(registry)).map { Array($0.json.encoded().utf8) }
  }

  func list(_ ask: JSON, on stream: UInt32) throws {
    guard let context = offer.contexts[ask["id"].text] else { return try send(Frame(.refuse, stream: stream)) }
    let sender = ContextSender(context)
    var listing: [UInt8] = []
    try context.list(includes: ask["includes"].strings, followed: ask["followed"].strings, excludes: ask["excludes"].strings) { file in
      sender.add(file)
      file.append(to: &listing)
      guard listing.count >= Self.piece else { return }
      try send(Frame(.listing, stream: stream, listing))
      listing.removeAll(keepingCapacity: true)
    }
    if !listing.isEmpty { try send(Frame(.listing, stream: stream, listing)) }
    contexts[stream] = sender
    var time: [UInt8] = []
    WireInteger.append(sender.began, to: &time)
    try send(Frame(.end, stream: stream, time))
  }

  func upload(_ sender: ContextSender, on stream: UInt32) throws {
    guard sender.isWanted else { return }
    do {
      try sender.send { frame in
        guard end == nil else { throw Ended() }
        try send(Frame(frame.0, stream: stream, frame.1))
        if connection.hasInput { try turn(milliseconds: 0) }
      }
      try send(Frame(.end, stream: stream))
    } catch is Ended {
      return
    } catch let error as FileError {
      try send(Frame(.refuse, stream: stream, text: error.description))
    }
    try flush()
  }

  /// The build has ended: nothing more is wanted.
  private struct Ended: Error {}

  /// From an agent to the step that asked for it.
  func passOn(from stream: UInt32) throws {
    guard let agent = agents[stream] else { return }
    let bytes = (try? agent.receive(limit: Self.piece)) ?? []
    if bytes.isEmpty {
      agents[stream] = nil
      try send(Frame(.end, stream: stream))
    } else {
      try send(Frame(.data, stream: stream, bytes))
    }
    try flush()
  }
}
