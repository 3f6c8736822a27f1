// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Glibc
import NIOPosix

/// Where calls that block run: never on the cooperative pool, never on an event loop.
///
/// What has begun is finished: a caller's cancellation does not leave a job half-done.
package enum Blocking {
  private static let stackSize = 2 << 20

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
    try await withCheckedThrowingContinuation { continuation in
      let job = Job { continuation.resume(with: Swift.Result(catching: body)) }
      // Without a thread to be had the job waits for one of the pool's.
      if !start(job) { pool.submit { _ in job.body() } }
    }
  }

  /// Runs a job on a thread of its own, if one can be had.
  static func detach(in group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
    group.enter()
    let started = start(
      Job {
        body()
        group.leave()
      })
    if !started { group.leave() }
  }

  private final class Job: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// - Returns: whether a thread could be started.
  private static func start(_ job: Job) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackSize)
    let handed = Unmanaged.passRetained(job)
    var thread = pthread_t()
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, handed.toOpaque())
    if result != 0 { handed.release() }
    return result == 0
  }
}
