// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ShimProtocol
import Testing

/// What a workload writes reaches whoever attached and the log: all of it.
struct OutputTests {
  @Test(arguments: Wall.available) func aClientThatAttachedBeforeTheLaunchGetsTheFirstByte(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    let client = try shim.attach()
    _ = try control.launch(shim.script("echo out; echo err >&2; exit 3"))
    let (stdout, stderr) = try client.demultiplexed()
    #expect(stdout == "out\n")
    #expect(stderr == "err\n")
    #expect(try control.status().exit?.code == 3)
    #expect(try shim.logged("stdout") == ["out\n"])
    #expect(try shim.logged("stderr") == ["err\n"])
  }

  @Test func aClientGetsOnlyTheStreamsItAskedFor() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let out = try shim.attach(stderr: false)
    let err = try shim.attach(stdout: false)
    _ = try control.launch(shim.script("echo out; echo err >&2"))
    #expect(try out.demultiplexed() == ("out\n", ""))
    #expect(try err.demultiplexed() == ("", "err\n"))
  }

  @Test func everyClientGetsEverything() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let clients = try (0..<5).map { _ in try shim.attach() }
    _ = try control.launch(shim.script("seq 1 2000"))
    let expected = (1...2000).map { "\($0)\n" }.joined()
    for client in clients { #expect(try client.demultiplexed().stdout == expected) }
    #expect(try shim.logged() == (1...2000).map { "\($0)\n" })
  }

  @Test(arguments: Wall.available) func outputRightBeforeTheExitIsNeverLost(wall: Wall) throws {
    for _ in 0..<(wall == .builtin ? 20 : 3) {
      let shim = try ShimProcess(wall)
      let control = try shim.connect()
      let client = try shim.attach()
      _ = try control.launch(shim.script("yes $(printf %0200d 7) | head -c 300000; echo; echo end; exit 0"))
      let bytes = try client.demultiplexed().stdout.utf8
      #expect(bytes.count == 300_005)
      #expect(bytes.suffix(4).elementsEqual("end\n".utf8))
    }
  }

  @Test func aSlowReaderHoldsTheWorkloadBackAndLosesNothing() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach()
    _ = try control.launch(shim.script("yes $(printf %0200d 7) | head -c 6000000; echo done >&2"))
    // Nothing is read: the workload must come to a halt with the shim holding about a megabyte.
    var last = -1
    try eventually("the log stands still") {
      usleep(200_000)
      let size = try FileManager.default.attributesOfItem(atPath: shim.workspace.logPath)[.size] as? Int ?? 0
      defer { last = size }
      return size > 0 && size == last
    }
    #expect(try control.status().state == .running)
    #expect(try residentKilobytes(shim.pid) < 10_000)
    let (stdout, stderr) = try client.demultiplexed()
    #expect(stdout.utf8.count == 6_000_000)
    #expect(stderr == "done\n")
  }

  @Test func aReaderThatStallsForEverDoesNotHoldUpTheExit() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach()
    try control.ask(.subscribe)
    _ = try control.launch(shim.script("yes $(printf %0200d 7) | head -c 1300000; exit 5"))
    #expect(try control.waitForExit().code == 5)
    try control.ask(.finish)
    #expect(try client.demultiplexed().stdout.utf8.count == 1_300_000, "what was queued is still sent after finish")
    #expect(shim.wait() == 0)
  }

  @Test func aReaderThatVanishesIsForgotten() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    var client: AttachedClient? = try shim.attach()
    _ = try control.launch(shim.script("yes $(printf %0200d 7) | head -c 3000000; exit 4"))
    #expect(client != nil)
    client = nil
    try control.ask(.subscribe)
    #expect(try control.waitForExit().code == 4)
    #expect(try shim.logged().joined().utf8.count == 3_000_000)
  }

  @Test func anEndlessLineTakesNoMemory() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("head -c 10000000 /dev/zero | tr '\\0' x; sleep 100"))
    try eventually("the line is in the log") {
      (try FileManager.default.attributesOfItem(atPath: shim.workspace.logPath)[.size] as? Int ?? 0) > 10_000_000
    }
    #expect(try residentKilobytes(shim.pid) < 12_000)
    #expect(try shim.logged().allSatisfy { $0.utf8.count <= 16_384 })
  }

  @Test func theLogIsRotated() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    var request = try shim.script("seq 1 20000")
    request.log = LogPlan(path: shim.workspace.logPath, maxSize: 100_000, maxFiles: 3)
    try control.ask(.subscribe)
    _ = try control.launch(request)
    _ = try control.waitForExit()
    #expect(try shim.logged().last == "20000\n")
    for suffix in ["", ".1", ".2"] {
      let size = try FileManager.default.attributesOfItem(atPath: shim.workspace.logPath + suffix)[.size] as? Int ?? 0
      #expect(size > 0 && size < 101_000)
    }
    #expect(!FileManager.default.fileExists(atPath: shim.workspace.logPath + ".3"))
  }
}

/// `VmRSS` of a process.
func residentKilobytes(_ pid: Int32) throws -> Int {
  let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
  let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
  return Int(line.split(separator: " ").dropLast().last ?? "") ?? 0
}
