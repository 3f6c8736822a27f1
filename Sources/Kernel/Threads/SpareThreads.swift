// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Glibc
import Synchronization

/// A thread for each job, at once. One whose job is done waits a while for the next: to begin a thread and to end it costs more than many a job.
final class SpareThreads: Sendable {
  typealias Job = @Sendable () -> Void

  static let shared = SpareThreads()

  private static let stackSize = 2 << 20
  private let idle = Mutex<[Worker]>([])
  private let patience: DispatchTimeInterval

  /// - Parameter patience: how long a thread waits.
  init(patience: DispatchTimeInterval = .seconds(5)) { self.patience = patience }

  /// - Returns: whether a thread could be had. If not, the job is not done.
  func run(_ job: @escaping Job) -> Bool {
    if let worker = idle.withLock({ $0.popLast() }) {
      worker.give(job)
      return true
    }
    return begin(Worker(job))
  }

  /// How many threads wait.
  var count: Int { idle.withLock { $0.count } }

  private final class Worker: Sendable {
    private let job: Mutex<Job?>
    private let given = DispatchSemaphore(value: 0)

    init(_ job: @escaping Job) { self.job = Mutex(job) }

    func give(_ next: @escaping Job) {
      job.withLock { $0 = next }
      given.signal()
    }

    func work() {
      let job = job.withLock { job in
        defer { job = nil }
        return job
      }
      job?()
    }

    /// - Returns: whether there is a job.
    func wait(_ patience: DispatchTimeInterval) -> Bool { given.wait(timeout: .now() + patience) == .success }

    /// Waits for a job that is on its way.
    func wait() { given.wait() }
  }

  private func serve(_ worker: Worker) {
    repeat { worker.work() } while hasMore(worker)
  }

  private func hasMore(_ worker: Worker) -> Bool {
    idle.withLock { $0.append(worker) }
    if worker.wait(patience) { return true }
    let isUnused = idle.withLock { idle in
      guard let place = idle.firstIndex(where: { $0 === worker }) else { return false }
      idle.remove(at: place)
      return true
    }
    if !isUnused { worker.wait() }
    return !isUnused
  }

  // MARK: Threads

  private final class Start: Sendable {
    let threads: SpareThreads
    let worker: Worker

    init(_ threads: SpareThreads, _ worker: Worker) { (self.threads, self.worker) = (threads, worker) }
  }

  private func begin(_ worker: Worker) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, Self.stackSize)
    let handed = Unmanaged.passRetained(Start(self, worker))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        start.threads.serve(start.worker)
        return nil
      }, handed.toOpaque())
    if result != 0 { handed.release() }
    return result == 0
  }
}
