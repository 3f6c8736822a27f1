// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import Launch
import LinuxSystem
import ShimProtocol
import Testing

/// Clients that do not behave.
struct HostileTests {
  @Test func garbageEndsTheConnectionAndNothingElse() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    for round in 0..<50 {
      let socket = try shim.connectRaw()
      let bytes = (0..<1000).map { _ in UInt8.random(in: 0...255) }
      _ = send(socket, bytes, round % 2 == 0 ? bytes.count : 5, Int32(MSG_NOSIGNAL))
      close(socket)
    }
    #expect(try control.status().state == .running)
  }

  @Test func tooLongAFrameIsAnsweredWithAnErrorAndAHangUp() throws {
    let shim = try ShimProcess()
    let client = try shim.connect()
    try client.send([0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 0])
    #expect(try ShimReply(frame: client.nextFrame())?.error?.code == .tooLarge)
    #expect { try client.nextFrame() } throws: { ($0 as? HullError)?.code == .unavailable }
  }

  @Test func anUnknownRequestIsAnsweredAndTheConnectionGoesOn() throws {
    let shim = try ShimProcess()
    let client = try shim.connect()
    try client.send(Frame(type: 77, tag: 5).encoded())
    let frame = try client.nextFrame()
    #expect(frame.tag == 5)
    #expect(try ShimReply(frame: frame)?.error?.code == .unsupported)
    #expect(try client.status().state == .waiting)
  }

  @Test func requestsOutOfTurnAreConflicts() throws {
    let shim = try ShimProcess()
    let client = try shim.connect()
    for request: ShimRequest in [.pause, .resume, .stats, .processes, .signal(process: "", number: 9), .exec(try shim.exec("e", "true"))] {
      #expect { try client.ask(request) } throws: { ($0 as? HullError)?.code == .conflict }
    }
    _ = try client.launch(shim.script("sleep 100"))
    #expect { try client.launch(shim.script("sleep 100")) } throws: { ($0 as? HullError)?.code == .conflict }
    #expect(try client.status().state == .running)
  }

  @Test func aThousandConnectionsAreServedAndForgotten() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    let before = try shim.openDescriptors()
    let count = min(1000, Int(clamping: try ResourceLimits.get(7).soft) / 2)
    do {
      var clients = try (0..<count).map { _ in try shim.connect() }
      for client in clients { #expect(try client.status().state == .running) }
      clients.removeAll()
    }
    try eventually("all connections are closed") { try shim.openDescriptors() == before }
  }

  @Test func callersBeyondTheLimitAreTurnedAwayWithoutSpinning() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    try ResourceLimits.set(7, soft: 40, hard: 40, pid: shim.pid)
    let sockets = try (0..<100).map { _ in try shim.connectRaw() }
    #expect(try control.status().state == .running)
    for socket in sockets { close(socket) }
    try eventually("there is room again") { (try? shim.connect().status().state) == .running }
  }

  @Test func aClientThatDoesNotReadItsAnswersIsNotWaitedFor() throws {
    let shim = try ShimProcess()
    let deaf = try shim.connectRaw()
    #expect(try shim.connect().status().state == .waiting)
    let before = try residentKilobytes(shim.pid)
    let request = try ShimRequest.status.frame(tag: 1).encoded()
    let block = Array(repeatElement(request, count: 1000).joined())
    for _ in 0..<1000 where send(deaf, block, block.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) < 0 { usleep(1000) }
    #expect(try shim.connect().status().state == .waiting)
    #expect(try residentKilobytes(shim.pid) < before + 2_000)
    close(deaf)
  }

  @Test func anAttachToAnExecThatNeverComesIsForgotten() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    let before = try shim.openDescriptors()
    for index in 0..<50 { _ = try shim.attach("never\(index)", stdin: true) }
    try eventually("the streams are closed") { try shim.openDescriptors() == before }
  }

  @Test func nothingOfTheShimLeaksIntoTheWorkload() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach()
    _ = try control.launch(shim.script("ls /proc/self/fd | wc -l; grep -E 'SigBlk|SigIgn' /proc/self/status; cat /proc/self/oom_score_adj"))
    let lines = try client.demultiplexed().stdout.split(separator: "\n").map(String.init)
    #expect(Int(lines[0].trimmingCharacters(in: .whitespaces)) == 4, "0, 1, 2 and the directory itself")
    // From signal 32 on they are the C library's; whoever started the tests may ignore them.
    for line in lines[1...2] {
      let mask = try #require(line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
      #expect(mask & 0x7FFF_FFFF == 0, "\(line)")
    }
    #expect(lines[3] == (try String(contentsOfFile: "/proc/self/oom_score_adj", encoding: .utf8)).trimmingCharacters(in: .newlines))
  }
}
