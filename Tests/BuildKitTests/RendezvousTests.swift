// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import BuildKitAPI

@Suite struct RendezvousTests {
  @Test func aValueMayBeAskedForBeforeItIsThere() async throws {
    let meeting = Rendezvous<Int>(patience: .seconds(60))
    async let first = meeting.value("a")
    async let second = meeting.value("a")
    #expect(meeting.add("a", 7))
    #expect(await first == 7)
    #expect(await second == 7)
  }

  @Test func aNameIsTakenOnce() async {
    let meeting = Rendezvous<Int>(patience: .seconds(60))
    #expect(meeting.add("a", 1))
    #expect(!meeting.add("a", 2))
    meeting.remove("a")
    #expect(meeting.add("a", 3))
    #expect(await meeting.value("a") == 3)
  }

  @Test func patienceEnds() async {
    let meeting = Rendezvous<Int>(patience: .milliseconds(1))
    #expect(await meeting.value("a") == nil)
  }

  @Test func aCancelledTaskDoesNotWait() async {
    let meeting = Rendezvous<Int>(patience: .seconds(600))
    let waiting = Task { await meeting.value("a") }
    waiting.cancel()
    #expect(await waiting.value == nil)
  }
}
