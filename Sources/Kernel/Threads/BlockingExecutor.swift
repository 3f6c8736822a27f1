// SPDX-License-Identifier: Apache-2.0
import NIOPosix

/// Threads for tasks that go back and forth between waiting and blocking calls: with this executor as its preference (SE-0417) a task makes its
/// blocking calls where it is (see `Blocking.run`) instead of changing threads twice for each.
///
/// Its threads are its own: what blocks here delays nobody but tasks with the same preference. They start with the first such task.
package final class BlockingExecutor: TaskExecutor {
  package static let shared = BlockingExecutor(threads: 16)

  private let pool: NIOThreadPool

  private init(threads: Int) {
    pool = NIOThreadPool(numberOfThreads: threads)
    pool.start()
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Whether the current task runs on these threads.
  static var isCurrent: Bool { withUnsafeCurrentTask { $0?.unownedTaskExecutor == shared.asUnownedTaskExecutor() } }
}
