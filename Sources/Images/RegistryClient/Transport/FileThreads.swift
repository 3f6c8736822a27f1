// SPDX-License-Identifier: Apache-2.0
import NIOPosix
import Synchronization

/// Threads for what blocks: reading and writing files. Started when first needed.
final class FileThreads: Sendable {
  private let count: Int
  private let pool = Mutex<NIOThreadPool?>(nil)

  init(count: Int) { self.count = count }

  /// Runs `body` on one of them. Is not cancelled: what was received is written, also when the transfer has ended.
  func run<Result: Sendable, Failure: Error>(_ body: @escaping @Sendable () throws(Failure) -> Result) async throws(Failure) -> Result {
    let pool = started()
    let result: Swift.Result<Result, Failure> = await withCheckedContinuation { continuation in
      // A pool that was shut down still runs it, on the caller's thread.
      pool.submit { _ in continuation.resume(returning: Swift.Result(catching: body)) }
    }
    return try result.get()
  }

  func shutdown() async {
    let pool = pool.withLock { pool in
      defer { pool = nil }
      return pool
    }
    try? await pool?.shutdownGracefully()
  }

  private func started() -> NIOThreadPool {
    pool.withLock { pool in
      if let pool { return pool }
      let new = NIOThreadPool(numberOfThreads: count)
      new.start()
      pool = new
      return new
    }
  }
}
