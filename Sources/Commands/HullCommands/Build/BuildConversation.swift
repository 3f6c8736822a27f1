// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Errors
import Glibc

/// This side of a build (docs/reference/api.md, `POST /hull/build`): sends the request, shows what happens, and gives what it is asked for.
///
/// One thread, one poll. While something long is sent, what comes meanwhile is looked at between the pieces.
final class BuildConversation {
  /// How it ended.
  enum End {
    case succeeded(JSON)
    case failed(JSON)
  }

  /// What this side has.
  struct Offer {
    var contexts: [String: BuildContext] = [:]
    var secrets: BuildSecrets
    var outputs: BuildOutputs
    var caches: BuildCaches
  }

  static let piece = 256 << 10
  let connection: Connection
  let offer: Offer
  private let display: any BuildDisplay
  private var reader = FrameReader()
  var end: End?
  private var unsent: [UInt8] = []
  /// The engine takes nothing any more.
  private var isBroken = false
  var contexts: [UInt32: ContextSender] = [:]
  var agents: [UInt32: Connection] = [:]
  private var archives: [UInt32: ArchiveReceiver] = [:]
  /// Bytes of outputs in files that wait to be unpacked; `nil` in it: the end.
  var incoming: [UInt32: [[UInt8]?]] = [:]

  init(_ connection: Connection, _ offer: Offer, _ display: any BuildDisplay) {
    (self.connection, self.offer, self.display) = (connection, offer, display)
    reader.feed(connection.takeBuffered())
  }

  /// Until the engine says how it ended.
  func run(_ request: JSON) throws -> End {
    try send(Frame(.request, text: request.encoded()))
    try flush()
    while end == nil { try turn(milliseconds: 100) }
    for receiver in archives.values { receiver.abandon() }
    return end ?? .failed(.null)
  }

  // MARK: The line

  /// Waits for news, but not longer than that, and deals with them.
  func turn(milliseconds: Int32) throws {
    // What has come already may be all that there is: some of it waits while an output is unpacked.
    if try takeFrames() { return display.tick() }
    var pollers = [pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)]
    let streams = agents.keys.sorted()
    for stream in streams { pollers.append(pollfd(fd: agents[stream]?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)) }
    guard poll(&pollers, nfds_t(pollers.count), milliseconds) >= 0 || errno == EINTR else {
      throw HullError(.internalError, "poll: \(errorText())")
    }
    if pollers[0].revents != 0 { try receive() }
    for (index, stream) in streams.enumerated() where pollers[index + 1].revents != 0 { try passOn(from: stream) }
    display.tick()
  }

  private func receive() throws {
    let bytes = try connection.receive(limit: 1 << 18)
    guard !bytes.isEmpty else { throw HullError(.unavailable, "the engine broke off the build") }
    reader.feed(bytes)
    try takeFrames()
  }

  /// - Returns: whether there was any whole frame.
  @discardableResult
  private func takeFrames() throws -> Bool {
    var isAny = false
    while end == nil, let frame = try reader.next() {
      isAny = true
      try take(frame)
    }
    return isAny
  }

  func send(_ frame: Frame) throws {
    unsent += frame.bytes
    if unsent.count >= Self.piece { try flush() }
  }

  func flush() throws {
    let bytes = unsent
    unsent = []
    guard !isBroken else { return }
    do { try connection.send(bytes) } catch {
      // An engine that refuses what it is sent says why before it hangs up.
      isBroken = true
      while end == nil {
        guard let bytes = try? connection.receive(limit: 1 << 18), !bytes.isEmpty else { throw error }
        reader.feed(bytes)
        try takeFrames()
      }
    }
  }

  // MARK: Frames

  private func take(_ frame: Frame) throws {
    switch frame.kind {
    case .event: if let news = BuildNews(try JSONParser.parse(frame.payload)) { display.show(news) }
    case .output where frame.payload.count >= 9:
      let time = WireInteger.read(Int64.self, frame.payload, 1)
      display.show(.output(Int(frame.stream), stream: Int(frame.payload[0]), bytes: Array(frame.payload[9...]), time: time))
    case .result: end = .succeeded(try JSONParser.parse(frame.payload))
    case .failure: end = .failed(try JSONParser.parse(frame.payload))
    case .ask: try answer(try JSONParser.parse(frame.payload), on: frame.stream)
    case .want: contexts[frame.stream]?.want(frame.payload)
    case .data: try data(frame)
    case .end: try finish(frame.stream)
    case .refuse: forget(frame.stream)
    case .request, .output, .accept, .listing, .file: throw HullError(.internalError, "the engine sent what only clients send")
    }
  }

  private func answer(_ ask: JSON, on stream: UInt32) throws {
    do {
      switch ask["kind"].text {
      case "context": try list(ask, on: stream)
      case "secret": try give(offer.secrets.secret(ask["id"].text), on: stream)
      case "credentials": try give(Self.account(ask["id"].text), on: stream)
      case "ssh":
        agents[stream] = try offer.secrets.connect(ask["id"].text)
        try send(Frame(agents[stream] == nil ? .refuse : .accept, stream: stream))
      case "content": try give(content: offer.caches.source(ask["id"].text, ask["attributes"]["digest"].text), on: stream)
      case "has-content": try give(offer.caches.has(ask["id"].text, ask["attributes"]) ? [] : nil, on: stream)
      case "keep-content": archives[stream] = try ArchiveReceiver(.file(offer.caches.place(ask["id"].text, ask["attributes"]["digest"].text)))
      case "archive": archives[stream] = try ArchiveReceiver(try target(ask))
      case "files": try unpack(try target(ask), from: stream)
      case let kind: throw HullError(.unsupported, "this client knows nothing of \(kind): is it older than the engine?")
      }
    } catch let error where !(error is BrokenPipe) {
      try send(Frame(.refuse, stream: stream, text: "\(error)"))
    }
    try flush()
  }

  func target(_ ask: JSON) throws -> BuildOutputs.Target {
    guard let target = offer.outputs.targets[ask["id"].text] else { throw HullError(.notFound, "there is no output \(ask["id"].text)") }
    return target
  }

  private func data(_ frame: Frame) throws {
    if incoming[frame.stream] != nil {
      incoming[frame.stream]?.append(frame.payload)
    } else if let agent = agents[frame.stream] {
      try? agent.send(frame.payload)
    } else if let archive = archives[frame.stream] {
      do { try archive.write(frame.payload) } catch {
        archives[frame.stream] = nil
        try send(Frame(.refuse, stream: frame.stream, text: "\(error)"))
        try flush()
      }
    }
  }

  private func finish(_ stream: UInt32) throws {
    if incoming[stream] != nil {
      incoming[stream]?.append(nil)
    } else if let agent = agents[stream] {
      // It may still answer.
      shutdown(agent.descriptor, Int32(SHUT_WR))
    } else if let sender = contexts.removeValue(forKey: stream) {
      try upload(sender, on: stream)
    } else if let archive = archives.removeValue(forKey: stream) {
      do {
        try archive.finish()
        try send(Frame(.accept, stream: stream))
      } catch {
        try send(Frame(.refuse, stream: stream, text: "\(error)"))
      }
      try flush()
    }
  }

  private func forget(_ stream: UInt32) {
    contexts[stream] = nil
    agents[stream] = nil
    archives.removeValue(forKey: stream)?.abandon()
  }
}
