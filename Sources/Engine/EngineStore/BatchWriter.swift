// SPDX-License-Identifier: Apache-2.0
import Database
import Errors
import GRDB
import Synchronization

/// Commits what many callers write at the same time in one transaction: one flush to disk serves them all.
///
/// Each write is a savepoint of its own; one that throws is undone without touching the others. A caller's cancellation does not undo a write.
final class BatchWriter: Sendable {
  typealias Body = @Sendable (GRDB.Database) throws -> Void

  private struct Job {
    let body: Body
    let done: CheckedContinuation<Void, any Error>
  }

  private struct Queue {
    var jobs: [Job] = []
    var draining = false
  }

  private let pool: DatabasePool
  private let queue = Mutex(Queue())

  init(_ database: HullDatabase) { pool = database.pool }

  /// Runs `body` in a transaction and returns when it is on disk.
  func write(_ body: @escaping Body) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let start = queue.withLock { queue in
        queue.jobs.append(Job(body: body, done: continuation))
        defer { queue.draining = true }
        return !queue.draining
      }
      if start { drain() }
    }
  }

  private func drain() {
    pool.asyncWriteWithoutTransaction { [self] database in
      while let jobs = next() { commit(jobs, to: database) }
    }
  }

  private func next() -> [Job]? {
    queue.withLock { queue in
      guard !queue.jobs.isEmpty else {
        queue.draining = false
        return nil
      }
      defer { queue.jobs = [] }
      return queue.jobs
    }
  }

  private func commit(_ jobs: [Job], to database: GRDB.Database) {
    var failures: [Int: any Error] = [:]
    do {
      try database.inTransaction(.immediate) {
        for (index, job) in jobs.enumerated() {
          do {
            try database.inSavepoint {
              try job.body(database)
              return .commit
            }
          } catch { failures[index] = error }
        }
        return .commit
      }
      for (index, job) in jobs.enumerated() {
        if let failure = failures[index] { job.done.resume(throwing: failure) } else { job.done.resume() }
      }
    } catch {
      for job in jobs { job.done.resume(throwing: HullError(.internalError, "cannot write to the database", cause: error)) }
    }
  }
}
