// SPDX-License-Identifier: Apache-2.0
import Dispatch
import NIOPosix

/// Where calls that block run: never on the cooperative pool, never on an event loop.
///
/// What has begun is finished: a caller's cancellation does not leave a job half-done.
package enum Blocking {
  private static let pool: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 8)
    pool.start()
    return pool
  }()

  /// Runs a short job (files, system calls, the database) on a shared pool, or right here in a task of `BlockingExecutor`.
  package static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    if BlockingExecutor.isCurrent { return try body() }
    return try await withCheckedThrowingContinuation { continuation in
      pool.submit { _ in continuation.resume(with: Swift.Result(catching: body)) }
    }
  }

  /// Runs a job whose length others decide (an archive's stream) on a thread of its own, so that it never makes others wait.
  package static func stream<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in begin { continuation.resume(with: Swift.Result(catching: body)) } }
  }

  /// Begins a job on a thread of its own; without one to be had it waits for one of the pool's.
  static func begin(_ job: @escaping @Sendable () -> Void) { if !SpareThreads.shared.run(job) { pool.submit { _ in job() } } }

  /// Runs a job on a thread of its own, if one can be had.
  static func detach(in group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
    group.enter()
    let started = SpareThreads.shared.run {
      body()
      group.leave()
    }
    if !started { group.leave() }
  }
}
