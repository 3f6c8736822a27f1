// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Threads

@Suite("Spare threads")
struct SpareThreadsTests {
  /// `PID/task/TID` of the calling thread.
  private func name() -> String {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = bytes.withUnsafeMutableBytes { readlink("/proc/thread-self", $0.baseAddress!, $0.count) }
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }

  private func run(_ threads: SpareThreads, _ body: @escaping @Sendable () -> Void) -> DispatchSemaphore {
    let done = DispatchSemaphore(value: 0)
    #expect(
      threads.run {
        body()
        done.signal()
      })
    return done
  }

  private func wait(for count: Int, of threads: SpareThreads) {
    while threads.count != count { usleep(1000) }
  }

  @Test func aThreadThatIsDoneTakesTheNextJob() {
    let threads = SpareThreads()
    let seen = Mutex<[String]>([])
    for _ in 0..<50 {
      run(threads) { seen.withLock { $0.append(name()) } }.wait()
      wait(for: 1, of: threads)
    }
    #expect(Set(seen.withLock { $0 }).count == 1 && seen.withLock { $0 }.count == 50)
  }

  @Test func jobsDoNotWaitForEachOther() {
    let (threads, gate) = (SpareThreads(), DispatchSemaphore(value: 0))
    let waiting = (0..<20).map { _ in run(threads) { gate.wait() } }
    run(threads) { for _ in 0..<20 { gate.signal() } }.wait()
    for one in waiting { one.wait() }
    wait(for: 21, of: threads)
  }

  @Test func aThreadWithoutWorkEnds() {
    let threads = SpareThreads(patience: .milliseconds(1))
    for _ in 0..<20 { run(threads) {}.wait() }
    wait(for: 0, of: threads)
    run(threads) {}.wait()
  }

  /// A job that comes at the very moment when a thread gives up is done nevertheless.
  @Test func noJobIsLost() {
    let threads = SpareThreads(patience: .microseconds(50))
    let count = Atomic<Int>(0)
    for number in 0..<2000 {
      run(threads) { _ = count.add(1, ordering: .relaxed) }.wait()
      if number % 3 == 0 { usleep(50) }
    }
    #expect(count.load(ordering: .relaxed) == 2000)
  }
}
