// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The files of the web that were downloaded last, by what was asked for, as long as a server can say that they are still right. Large ones and old ones are let go.
final class KnownDownloads: Sendable {
  private struct State {
    /// The one that was used last is last.
    var order: [DownloadStep] = []
    var files: [DownloadStep: (download: HTTPSource.Download, use: Int)] = [:]
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
  func file(_ step: DownloadStep) -> (download: HTTPSource.Download, etag: String)? {
    state.withLock { $0.files[step.plain].flatMap { file in file.download.etag.map { (file.download, $0) } } }
  }

  /// Keeps a file, if it can be asked for again.
  func keep(_ download: HTTPSource.Download, as step: DownloadStep) {
    let step = step.plain
    guard download.etag != nil, download.size <= Self.mostBytes / 2 else { return }
    let use = state.withLock { state in
      state.uses += 1
      state.order.removeAll { $0 == step }
      state.order.append(step)
      state.files[step] = (download, state.uses)
      while let first = state.order.first, state.files.count > Self.mostFiles || state.bytes > Self.mostBytes {
        state.order.removeFirst()
        state.files[first] = nil
      }
      return state.uses
    }
    Task { [weak self, patience] in
      try? await Task.sleep(for: patience)
      self?.forget(step, usedLast: use)
    }
  }

  private func forget(_ step: DownloadStep, usedLast use: Int) {
    state.withLock { state in
      guard state.files[step]?.use == use else { return }
      state.files[step] = nil
      state.order.removeAll { $0 == step }
    }
  }
}

extension DownloadStep {
  /// What is asked for, whatever it must be; who asks, the server judges each time anew.
  fileprivate var plain: DownloadStep {
    var step = self
    (step.checksum, step.secret) = (nil, nil)
    return step
  }
}
