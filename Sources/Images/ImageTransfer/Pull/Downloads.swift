// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import OCISpec
import RegistryClient
import Synchronization
import Threads

extension Partial: PartialBlob {}

/// One blob on its way in, for everybody who needs it: images that are pulled at the same time share their layers' downloads.
final class Download: Sendable {
  private struct State {
    var users = 1
    var received: Int64 = 0
    var isComplete = false
    var observers: [@Sendable (Int64) -> Void] = []
    var completions: [@Sendable () -> Void] = []
    var places: Set<String> = []
    var task: Task<Void, Never>?
  }

  let partial: Partial
  private let state = Mutex(State())
  private let ended = Promise<Void>()

  init(_ partial: Partial) {
    self.partial = partial
    let missing = partial.missing().reduce(0) { $0 + Int64($1.count) }
    state.withLock { $0.received = partial.size - missing }
  }

  /// Ends when all of the blob is here and verified. A caller that is cancelled goes at once; with the last one the download ends, and can be resumed.
  func wait() async throws {
    do { try await ended.value() } catch {
      if Task.isCancelled { leave() }
      throw error
    }
  }

  /// Ends when nothing is written any more.
  func waitForEnd() async { _ = try? await ended.value() }

  /// The places that bytes came from.
  var places: Set<String> { state.withLock(\.places) }

  /// Bytes that are here.
  var received: Int64 { state.withLock(\.received) }

  /// All bytes are here, and whoever wanted to know was told.
  var isComplete: Bool { state.withLock(\.isComplete) }

  /// Called with bytes that have come in since the last call.
  func observe(_ observer: @escaping @Sendable (Int64) -> Void) { state.withLock { $0.observers.append(observer) } }

  /// Called when all bytes are here.
  func whenComplete(_ body: @escaping @Sendable () -> Void) {
    let already = state.withLock { state in
      if !state.isComplete { state.completions.append(body) }
      return state.isComplete
    }
    if already { body() }
  }

  /// - Returns: `false` when it is ending because nobody wanted it any more.
  func join() -> Bool {
    state.withLock { state in
      guard state.users > 0 else { return false }
      state.users += 1
      return true
    }
  }

  private func leave() {
    let task = state.withLock { state -> Task<Void, Never>? in
      state.users -= 1
      return state.users == 0 ? state.task : nil
    }
    task?.cancel()
  }

  /// Fetches what is missing.
  /// - Parameter finally: called when nothing is written any more, before anybody who waits goes on.
  func start(_ blob: Descriptor, from repository: Repository, avoiding: Set<String>, finally: @escaping @Sendable () -> Void) {
    let task = Task {
      let result = await Result.catching { try await self.run(blob, from: repository, avoiding: avoiding) }
      finally()
      self.ended.fulfil(result)
    }
    state.withLock { $0.task = task }
  }

  private func run(_ blob: Descriptor, from repository: Repository, avoiding: Set<String>) async throws {
    do {
      let places = try await repository.fetch(blob, into: partial, avoiding: avoiding) { count in self.advance(count) }
      complete(places)
      let partial = self.partial
      try await Blocking.run { try partial.verify() }
    } catch {
      let failure = error as? HullError ?? HullError(.unavailable, "blob \(blob.digest): the download was given up", cause: error)
      partial.fail(failure)
      // What a better connection could complete is kept; what is wrong is not. Here and once: who waited may have begun anew by then.
      if failure.code != .unavailable { try? await Blocking.run { [partial] in partial.discard() } }
      throw error
    }
  }

  private func complete(_ places: Set<String>) {
    state.withLock { $0.places = places }
    while let body = nextCompletion() { body() }
  }

  /// Who is to be told next; when everybody was, the download is complete.
  private func nextCompletion() -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard state.completions.isEmpty else { return state.completions.removeFirst() }
      state.isComplete = true
      return nil
    }
  }

  private func advance(_ count: Int64) {
    let observers = state.withLock { state in
      state.received += count
      return state.observers
    }
    for observer in observers { observer(count) }
  }
}

/// The downloads that are going on, one for each blob.
final class Downloads: Sendable {
  private let store: ContentStore
  private let running = Mutex<[Digest: Download]>([:])

  init(_ store: ContentStore) { self.store = store }

  /// Starts or resumes the download of a blob, or joins the one that is going on.
  func join(_ blob: Descriptor, from repository: Repository, avoiding: Set<String> = []) async throws -> Download {
    while true {
      try Task.checkCancellation()
      if store.asksForRoom, !isRunning(blob.digest) { try await Blocking.stream { [store] in store.makeRoom(blob.size) } }
      let (download, joined) = try await Blocking.run { try self.find(blob, repository, avoiding) }
      if joined { return download }
      // It is ending: two must not write to one file.
      await download.waitForEnd()
    }
  }

  /// Throws away what a download has brought, unless somebody fetches the blob anew. Blocking.
  func discard(_ download: Download) {
    running.withLock { running in
      if running[download.partial.digest] == nil { download.partial.discard() }
    }
  }

  /// Whether a blob is coming in.
  func isRunning(_ digest: Digest) -> Bool { running.withLock { $0[digest] != nil } }

  private func find(_ blob: Descriptor, _ repository: Repository, _ avoiding: Set<String>) throws -> (Download, joined: Bool) {
    try running.withLock { running in
      if let download = running[blob.digest] {
        guard download.partial.size == blob.size else {
          throw HullError(.invalidArgument, "blob \(blob.digest) is said to have \(blob.size) and \(download.partial.size) bytes")
        }
        return (download, download.join())
      }
      let download = Download(try store.partial(blob.digest, size: blob.size))
      running[blob.digest] = download
      download.start(blob, from: repository, avoiding: avoiding) { self.running.withLock { _ = $0.removeValue(forKey: blob.digest) } }
      return (download, true)
    }
  }
}
