// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import LinuxSystem
import NIOCore
import NIOPosix
import OCISpec
import RegistryClient
import RegistryStore
import Synchronization

/// A blob on its way from an upstream to the disk, and from there to everybody who waits for it.
///
/// The last byte is given out only when the digest of the whole was right: nobody ever gets a wrong blob whole.
final class Download: Sendable {
  private struct State {
    var available: Int64 = 0
    var result: Result<Void, HullError>?
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  let blob: Descriptor
  private let file: HotFile
  private let state = Mutex(State())

  init(_ blob: Descriptor, _ upload: Upload) throws(HullError) {
    self.blob = blob
    file = HotFile(descriptor: try upload.duplicate(), size: blob.size)
  }

  /// What has arrived, in order.
  func advance(to position: Int64) {
    wake { $0.available = min(position, blob.size - 1) }
  }

  func finish(_ result: Result<Void, HullError>) {
    wake { state in
      if case .success = result { state.available = blob.size }
      state.result = result
    }
  }

  /// Waits for the end. Throws what went wrong.
  func wait() async throws {
    while true {
      if let result = state.withLock({ $0.result }) { return try result.get() }
      await change(since: nil)
    }
  }

  /// Sends everything, as it comes.
  func send(_ writer: inout any ResponseBodyWriter, _ threads: NIOThreadPool) async throws {
    var sent: Int64 = 0
    while sent < blob.size {
      let (available, result) = state.withLock { ($0.available, $0.result) }
      if sent < available {
        let (start, count) = (sent, Int(min(available - sent, 1 << 18)))
        let piece = try await threads.perform { [file] () throws(HullError) in try file.read(count, at: start) }
        try await writer.write(piece)
        sent += Int64(count)
      } else if case .failure(let error) = result {
        throw error
      } else {
        await change(since: available)
      }
    }
    try await writer.finish(nil)
  }

  /// Returns when more than `available` has come, or the end has; nil: when anything changes.
  private func change(since available: Int64?) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.result != nil || available.map({ state.available > $0 }) ?? false { return true }
        state.waiting.append(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

/// An upload of the store as the client of registries fills it: from the front to the end.
struct DownloadTarget: PartialBlob {
  let upload: Upload
  let download: Download

  var size: Int64 { download.blob.size }

  func missing() throws(HullError) -> [Range<Int64>] { upload.offset < size ? [upload.offset..<size] : [] }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(HullError) {
    guard offset == upload.offset else { throw HullError(.internalError, "blob \(download.blob.digest) does not come in order") }
    try upload.append(bytes, limit: nil)
    download.advance(to: upload.offset)
  }
}
