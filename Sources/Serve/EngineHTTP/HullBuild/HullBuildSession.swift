// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildWire
import Builder
import DockerAPI
import Errors
import LinuxSystem
import OCISpec
import Synchronization
import Threads

/// `hull build` as a build sees it: everything that is asked goes over its line, on a stream of its own.
final class HullBuildSession: BuildSession {
  private struct State {
    var next: UInt32 = 1
    var talks: [UInt32: any Talk] = [:]
    var isBroken = false
    /// Names of the client's directories, by context.
    var keys: [String: String] = [:]
  }

  private let line: FrameLine
  private let contexts: ContextStore
  private let directory: String
  private let state = Mutex(State())

  init(line: FrameLine, contexts: ContextStore, keptIn directory: String) {
    (self.line, self.contexts, self.directory) = (line, contexts, directory)
  }

  /// Before anything is asked.
  /// - Parameter keys: names of the client's directories, by context.
  func begin(keys: [String: String]) { state.withLock { $0.keys = keys } }

  /// A frame from the client. On the thread that reads.
  func take(_ frame: Frame) throws {
    guard let talk = state.withLock({ $0.talks[frame.stream] }) else { return }
    try talk.take(frame)
  }

  /// The client is gone.
  func broken(_ error: HullError) {
    let talks = state.withLock { state in
      state.isBroken = true
      defer { state.talks = [:] }
      return Array(state.talks.values)
    }
    for talk in talks { talk.broken(error) }
  }

  // MARK: What builds ask

  func context(_ name: String, _ selection: ContextSelection) async throws -> any FileTree {
    let (contexts, directory, stream) = (contexts, directory, newStream())
    let directoryKey = state.withLock { $0.keys[name] } ?? "\(Self.self) \(ObjectIdentifier(self))"
    let key = ContextKey(directory: "\(directoryKey)\n\(name)", selection)
    let reception = ContextReception(key, name: name, store: contexts, keptIn: directory)
    let talk = ContextTalk(reception, stream: stream, line: line)
    try open(stream, talk)
    defer { close(stream) }
    var ask = BuildAsk("context", id: name)
    (ask.includes, ask.excludes, ask.followed) = (selection.includes, selection.excludes, selection.followed)
    try send(ask, on: stream)
    return try await talk.promise.value()
  }

  func secret(_ id: String) async throws -> [UInt8]? { try await answer(BuildAsk("secret", id: id)) }

  func credentials(for registry: String) async throws -> RegistryLogin? {
    guard let bytes = try await answer(BuildAsk("credentials", id: registry)) else { return nil }
    let account = try DockerJSON.decode(AuthRequest.self, from: bytes)
    if !account.identityToken.isEmpty { return RegistryLogin(user: "", secret: account.identityToken) }
    return RegistryLogin(user: account.username, secret: account.password)
  }

  func sshAgent(_ id: String) async throws -> Int32? {
    let pair = try UnixSocket.pair()
    let far = OwnedDescriptor(pair.second)
    let stream = newStream()
    let talk = AgentTalk(pair.first, stream: stream, line: line)
    try open(stream, talk)
    try send(BuildAsk("ssh", id: id), on: stream)
    guard try await talk.promise.value() else {
      close(stream)
      return nil
    }
    // Who has asked everything may still wait for answers.
    Task { [self] in
      try? await Blocking.stream { talk.pump() }
      _ = try? await talk.ended.value()
      close(stream)
    }
    return far.take()
  }

  func receiveArchive(_ id: String, attributes: [String: String], _ write: @escaping @Sendable (any BuildSink) throws -> Void) async throws {
    var ask = BuildAsk("archive", id: id)
    ask.attributes = attributes
    try await output(ask) { sink in try write(sink) }
  }

  func receiveFiles(_ id: String, _ tree: any FileTree) async throws {
    try await output(BuildAsk("files", id: id)) { sink in try TreeTar(tree).write(to: sink) }
  }

  func readContent(_ digest: Digest, of directory: String, _ take: @escaping @Sendable ([UInt8]) throws(HullError) -> Void) async throws {
    let (stream, talk) = (newStream(), ContentTalk(take))
    try open(stream, talk)
    defer { close(stream) }
    try send(Self.ask("content", directory, digest), on: stream)
    try await talk.promise.value()
  }

  func writeContent(_ blob: Descriptor, to directory: String, from source: @escaping @Sendable () throws -> any ByteSource) async throws {
    var ask = Self.ask("has-content", directory, blob.digest)
    ask.attributes["size"] = String(blob.size)
    if try await answer(ask) != nil { return }
    try await output(Self.ask("keep-content", directory, blob.digest)) { sink in
      let chunks = BufferedChunks(try source())
      while let chunk = try chunks.next() { try sink.write(chunk) }
    }
  }

  private static func ask(_ kind: String, _ directory: String, _ digest: Digest) -> BuildAsk {
    var ask = BuildAsk(kind, id: directory)
    ask.attributes = ["digest": digest.description]
    return ask
  }

  // MARK: Streams

  private func answer(_ ask: BuildAsk) async throws -> [UInt8]? {
    let (stream, talk) = (newStream(), AnswerTalk())
    try open(stream, talk)
    defer { close(stream) }
    try send(ask, on: stream)
    return try await talk.promise.value()
  }

  private func output(_ ask: BuildAsk, _ write: @escaping @Sendable (FrameSink) throws -> Void) async throws {
    let (line, stream, talk) = (line, newStream(), ConsentTalk())
    try open(stream, talk)
    defer { close(stream) }
    try send(ask, on: stream)
    try await Blocking.stream {
      let sink = FrameSink(line: line, stream: stream)
      try write(sink)
      try sink.finish()
    }
    try await talk.promise.value()
  }

  private func newStream() -> UInt32 {
    state.withLock { state in
      defer { state.next += 1 }
      return state.next
    }
  }

  private func open(_ stream: UInt32, _ talk: any Talk) throws {
    try state.withLock { state in
      guard !state.isBroken else { throw HullError(.unavailable, "the client of the build is gone") }
      state.talks[stream] = talk
    }
  }

  private func close(_ stream: UInt32) { state.withLock { _ = $0.talks.removeValue(forKey: stream) } }

  private func send(_ ask: BuildAsk, on stream: UInt32) throws {
    line.send(Frame(.ask, stream: stream, Array(try DockerJSON.encode(ask))))
  }
}
