// SPDX-License-Identifier: Apache-2.0
import Foundation
import NIOPosix
import Synchronization

/// Where calls that block run: never on the cooperative pool, never on an event loop.
///
/// What has begun is finished: a caller's cancellation does not leave a job half-done.
enum Blocking {
  private static let pool: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 8)
    pool.start()
    return pool
  }()

  /// Runs a short job (files, system calls, the database) on a shared pool.
  static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      pool.submit { _ in continuation.resume(with: Swift.Result(catching: body)) }
    }
  }

  /// Runs a job whose length a client decides (an archive's stream) on a thread of its own, so that it never makes others wait.
  static func stream<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let thread = Thread { continuation.resume(with: Swift.Result(catching: body)) }
      thread.stackSize = 2 << 20
      thread.start()
    }
  }
}

/// Does `body` to its end even when the caller is cancelled meanwhile: what a client has asked for happens, whether or not it waits.
func uncancelled<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
  try await Task { try await body() }.value
}
