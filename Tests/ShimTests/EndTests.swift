// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import Launch
import ShimProtocol
import Testing

/// How workloads and shims end, and what is left then: nothing.
struct EndTests {
  @Test(arguments: Wall.available) func theExitIsRecordedAndFinishLeavesNothing(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    try control.ask(.subscribe)
    let pid = try control.launch(shim.script("exit 42"))
    let exit = try control.waitForExit()
    #expect(exit.code == 42)
    #expect(!exit.oomKilled)
    let record = try String(contentsOfFile: shim.workspace.runDirectory + "/" + ShimProtocol.exitRecordName, encoding: .utf8)
    #expect(record == "42 \(exit.time) 0\n")
    let status = try control.status()
    #expect(status.state == .exited)
    #expect(status.pid == pid)
    #expect(status.startedAt < exit.time)
    #expect((try? Cgroups.processes("/hull-shim-test-\(shim.id)")) ?? [] == [])
    try control.ask(.finish)
    #expect(shim.wait() == 0)
    #expect(!FileManager.default.fileExists(atPath: shim.workspace.runDirectory))
    #expect(cgroupDirectories(shim.id) == [])
  }

  @Test(arguments: Wall.available) func theLayersOfTheRootAreUnitedAndTheMountEndsWithTheWorkload(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    let client = try shim.attach()
    var request = try shim.script("cat /marker; echo written > /tmp/file")
    request.plan.root = try shim.workspace.unionRoot()
    try wall.prepare(&request, in: shim.workspace)
    _ = try control.launch(request)
    #expect(try client.demultiplexed().stdout == "from a layer\n")
    #expect(try String(contentsOfFile: shim.workspace.path + "/upper/tmp/file", encoding: .utf8) == "written\n")
    #expect(try !String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).contains(shim.workspace.path), "the host never sees the mount")
    #expect(try !String(contentsOfFile: "/proc/\(shim.pid)/mounts", encoding: .utf8).contains(shim.workspace.path))
  }

  @Test(arguments: Wall.available) func signalsReachTheProcess(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    try control.ask(.subscribe)
    let client = try shim.attach()
    _ = try control.launch(shim.script("trap 'exit 17' TERM; echo ready; while true; do sleep 0.05; done"))
    try client.read(until: "ready")
    try control.ask(.signal(process: "", number: SIGTERM))
    #expect(try control.waitForExit().code == 17)
  }

  @Test(arguments: [SIGKILL, SIGSEGV]) func aSignalsDeathIs128PlusItsNumber(signal: Int32) throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    let pid = try control.launch(shim.script("exec sleep 100", pidNamespace: false))
    kill(pid, signal)
    #expect(try control.waitForExit().code == 128 + signal)
  }

  @Test func aBadSignalIsRefused() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    #expect { try control.ask(.signal(process: "", number: 4711)) } throws: { ($0 as? HullError)?.code == .invalidArgument }
    #expect { try control.ask(.signal(process: "nobody", number: 15)) } throws: { ($0 as? HullError)?.code == .conflict }
  }

  @Test(arguments: [true, false]) func whatTheMainProcessLeavesBehindIsKilled(pidNamespace: Bool) throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    let client = try shim.attach()
    let start = Date()
    let script = "(trap '' TERM HUP; sleep 300; echo never) & (setsid sleep 300) & echo bye; exit 1"
    _ = try control.launch(shim.script(script, pidNamespace: pidNamespace))
    #expect(try control.waitForExit().code == 1)
    #expect(Date().timeIntervalSince(start) < 1.5)
    #expect(try client.demultiplexed().stdout == "bye\n")
    #expect(cgroupDirectories(shim.id) == [])
  }

  @Test func orphansAreReaped() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach()
    _ = try control.launch(
      shim.script("for i in 1 2 3 4 5; do (sh -c 'sleep 0.1 & exit' &); done; sleep 0.4; echo up; sleep 100", pidNamespace: false))
    try client.read(until: "up")
    try eventually("no zombie is left") { try children(shim.pid).allSatisfy { !$0.isZombie } }
    try control.ask(.signal(process: "", number: SIGKILL))
  }

  @Test(arguments: [true, false]) func aKilledShimTakesTheWorkloadAlong(pidNamespace: Bool) throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let pid = try control.launch(shim.script("sleep 100", pidNamespace: pidNamespace))
    _ = try control.exec(shim.exec("e1", "sleep 100"))
    let processes = try Cgroups.processes("/hull-shim-test-\(shim.id)")
    #expect(processes.contains(pid))
    kill(shim.pid, SIGKILL)
    _ = shim.wait()
    try eventually("the workload is gone") { !FileManager.default.fileExists(atPath: "/proc/\(pid)") }
  }

  @Test(arguments: Wall.available) func aFailedLaunchLeavesNothing(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    let client = try shim.attach()
    var request = try shim.script("")
    request.plan.process.arguments = ["nonsense"]
    try wall.prepare(&request, in: shim.workspace)
    #expect { try control.launch(request) } throws: {
      ($0 as? HullError)?.code == .commandNotFound && "\($0)".contains(#"exec: "nonsense": executable file not found in $PATH"#)
    }
    #expect(try client.readAll().isEmpty)
    #expect(shim.wait() == 0)
    #expect(!FileManager.default.fileExists(atPath: shim.workspace.runDirectory))
    #expect(cgroupDirectories(shim.id) == [])
  }

  @Test func finishWaitsForTheEndOfTheWorkload() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    #expect { try control.ask(.finish) } throws: { ($0 as? HullError)?.code == .conflict }
    #expect(try control.status().state == .running)
  }

  @Test func aShimThatIsNotNeededFinishes() throws {
    let shim = try ShimProcess()
    try shim.connect().ask(.finish)
    #expect(shim.wait() == 0)
    #expect(!FileManager.default.fileExists(atPath: shim.workspace.runDirectory))
  }

  @Test func theDaemonsDeathChangesNothing() throws {
    let shim = try ShimProcess()
    var control: ShimClient? = try shim.connect()
    var client: AttachedClient? = try shim.attach()
    _ = try control?.launch(shim.script("for i in 1 2 3 4 5; do echo $i; sleep 0.1; done; exit 11"))
    try client?.read(until: "1")
    control = nil
    client = nil
    let later = try shim.connect()
    try eventually("the workload ends unattended") { try later.status().state == .exited }
    #expect(try later.status().exit?.code == 11)
    #expect(try shim.logged() == (1...5).map { "\($0)\n" })
    #expect { try shim.attach() } throws: { ($0 as? HullError)?.code == .conflict }
  }

  @Test func aPausedWorkloadStandsStillAndCanBeKilled() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    let client = try shim.attach()
    _ = try control.launch(shim.script("while true; do echo tick; sleep 0.02; done"))
    try client.read(until: "tick")
    try control.ask(.pause)
    #expect(try control.status().state == .paused)
    #expect { try control.ask(.pause) } throws: { ($0 as? HullError)?.code == .conflict }
    #expect { try control.exec(shim.exec("e1", "true")) } throws: { ($0 as? HullError)?.code == .conflict }
    usleep(100_000)
    let count = try shim.logged().count
    usleep(200_000)
    #expect(try shim.logged().count == count)
    try control.ask(.resume)
    try eventually("it goes on") { try shim.logged().count > count }
    try control.ask(.pause)
    try control.ask(.signal(process: "", number: SIGKILL))
    #expect(try control.waitForExit().code == 137)
  }

  @Test func itsNumbersAreTold() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let pid = try control.launch(shim.script("sleep 100 & sleep 100"))
    guard case .stats(let stats) = try control.ask(.stats) else {
      Issue.record("wrong answer")
      return
    }
    #expect(stats.memoryUsage > 0)
    try eventually("the shell and its child are listed") {
      guard case .processes(let pids) = try control.ask(.processes) else { return false }
      return pids.contains(pid) && pids.count >= 2
    }
    var limits = CgroupPlan.Resources()
    limits.pids = 77
    try control.ask(.update(limits))
    guard case .stats(let after) = try control.ask(.stats) else { return }
    #expect(after.pidsLimit == 77)
  }

  @Test func anOutOfMemoryKillIsTold() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    var request = try shim.script("x=0123456789abcdef; while true; do x=$x$x; done")
    request.plan.cgroup?.resources.memory = 16 << 20
    request.plan.cgroup?.resources.memorySwap = 16 << 20
    _ = try control.launch(request)
    let exit = try control.waitForExit()
    #expect(exit.code == 137)
    #expect(exit.oomKilled)
  }
}

private func cgroupDirectories(_ id: String) -> [String] {
  let root = "/sys/fs/cgroup"
  let controllers = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
  return ([root] + controllers.map { "\(root)/\($0)" }).filter { FileManager.default.fileExists(atPath: "\($0)/hull-shim-test-\(id)") }
}

/// The children of a process and whether they wait to be reaped.
private func children(_ parent: Int32) throws -> [(pid: Int32, isZombie: Bool)] {
  try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
    guard let pid = Int32(name), let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 1, Int32(fields[1]) == parent else { return nil }
    return (pid, fields[0] == "Z")
  }
}
