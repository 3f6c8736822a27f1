// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization
import Testing
import Threads

@Suite("Work that nobody waits for") struct AfterwardsTests {
  @Test("is done once for all who ask meanwhile, and again for those who ask later", .timeLimit(.minutes(1))) func onceForAll() {
    let (afterwards, done) = (Afterwards(.milliseconds(200)), DispatchSemaphore(value: 0))
    let runs = Atomic(0)
    for round in 1...2 {
      for _ in 0..<100 {
        afterwards.run {
          runs.add(1, ordering: .relaxed)
          done.signal()
        }
      }
      done.wait()
      #expect(runs.load(ordering: .relaxed) == round)
    }
  }

  @Test("who asks while it is done has it done again", .timeLimit(.minutes(1))) func askedMeanwhile() {
    let (afterwards, done) = (Afterwards(.milliseconds(1)), DispatchSemaphore(value: 0))
    afterwards.run {
      afterwards.run { done.signal() }
    }
    done.wait()
  }
}
