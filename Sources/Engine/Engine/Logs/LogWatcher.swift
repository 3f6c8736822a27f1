// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import Synchronization

/// Tells followers of logs when a file in a directory changes: one inotify descriptor and one thread for all, started with the first.
final class LogWatcher: Sendable {
  private struct State {
    var descriptor: Int32 = -1
    var next = 0
    /// watch descriptor → followers
    var followers: [Int32: [Int: AsyncStream<Void>.Continuation]] = [:]
    var watches: [String: Int32] = [:]
  }

  private let state = Mutex(State())

  /// A stream that gets a value after each change in `directory`; values that are not fetched are merged. Ends watching when dropped.
  func changes(in directory: String) throws(HullError) -> AsyncStream<Void> {
    let (stream, sink) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let result: Result<(watch: Int32, key: Int), HullError> = state.withLock { state in
      if state.descriptor < 0 {
        state.descriptor = inotify_init1(Int32(IN_CLOEXEC))
        guard state.descriptor >= 0 else { return .failure(HostFiles.failure("watch", directory)) }
        start(state.descriptor)
      }
      let watch = inotify_add_watch(state.descriptor, directory, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO))
      guard watch >= 0 else { return .failure(HostFiles.failure("watch", directory)) }
      state.next += 1
      state.followers[watch, default: [:]][state.next] = sink
      state.watches[directory] = watch
      return .success((watch, state.next))
    }
    let (watch, key) = try result.get()
    sink.onTermination = { [weak self] _ in self?.remove(key, of: watch, directory) }
    return stream
  }

  /// Wakes the followers of `directory`: the container has ended.
  func poke(_ directory: String) {
    let sinks = state.withLock { state in state.watches[directory].flatMap { state.followers[$0]?.values.map(\.self) } ?? [] }
    for sink in sinks { sink.yield() }
  }

  private func remove(_ key: Int, of watch: Int32, _ directory: String) {
    state.withLock { state in
      state.followers[watch]?[key] = nil
      guard state.followers[watch]?.isEmpty ?? false else { return }
      state.followers[watch] = nil
      state.watches[directory] = nil
      inotify_rm_watch(state.descriptor, watch)
    }
  }

  private func start(_ descriptor: Int32) {
    let thread = Thread { [weak self] in
      var buffer = [UInt8](repeating: 0, count: 16 << 10)
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0, let self else { break }
        self.dispatch(LogWatcher.watches(in: buffer[..<count]))
      }
    }
    thread.stackSize = 256 << 10
    thread.start()
  }

  private func dispatch(_ watches: Set<Int32>) {
    let sinks = state.withLock { state in watches.flatMap { state.followers[$0]?.values.map(\.self) ?? [] } }
    for sink in sinks { sink.yield() }
  }

  private static func watches(in bytes: ArraySlice<UInt8>) -> Set<Int32> {
    var result: Set<Int32> = []
    bytes.withUnsafeBytes { raw in
      var offset = 0
      while offset + MemoryLayout<inotify_event>.size <= raw.count {
        let event = raw.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
        result.insert(event.wd)
        offset += MemoryLayout<inotify_event>.size + Int(event.len)
      }
    }
    return result
  }
}
