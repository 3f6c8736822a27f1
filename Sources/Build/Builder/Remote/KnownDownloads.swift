// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The files of the web that were downloaded last, as long as a server can say that they are still right. Large ones and old ones are let go.
final class KnownDownloads: Sendable {
  private struct State {
    /// The one that was used last is last.
    var order: [String] = []
    var files: [String: (download: HTTPSource.Download, use: Int)] = [:]
    var uses = 0

    var bytes: Int64 { files.values.reduce(0) { $0 + $1.download.size } }
  }

  private static let mostFiles = 64
  private static let mostBytes: Int64 = 512 << 20
  private let state = Mutex(State())
  private let patience: Duration

  /// - Parameter patience: how long a file is kept that nobody asks for.
  init(patience: Duration = .seconds(30 * 60)) { self.patience = patience }

  /// A file that may still be right, with its entity tag.
  func file(_ url: String) -> (download: HTTPSource.Download, etag: String)? {
    state.withLock { $0.files[url].flatMap { file in file.download.etag.map { (file.download, $0) } } }
  }

  /// Keeps a file, if it can be asked for again.
  func keep(_ download: HTTPSource.Download, as url: String) {
    guard download.etag != nil, download.size <= Self.mostBytes / 2 else { return }
    let use = state.withLock { state in
      state.uses += 1
      state.order.removeAll { $0 == url }
      state.order.append(url)
      state.files[url] = (download, state.uses)
      while let first = state.order.first, state.files.count > Self.mostFiles || state.bytes > Self.mostBytes {
        state.order.removeFirst()
        state.files[first] = nil
      }
      return state.uses
    }
    Task { [weak self, patience] in
      try? await Task.sleep(for: patience)
      self?.forget(url, usedLast: use)
    }
  }

  private func forget(_ url: String, usedLast use: Int) {
    state.withLock { state in
      guard state.files[url]?.use == use else { return }
      state.files[url] = nil
      state.order.removeAll { $0 == url }
    }
  }
}
