// SPDX-License-Identifier: Apache-2.0
import Errors
import LinuxSystem
import Testing

@testable import Launch

@Suite struct WireTests {
  /// A plan in which no field has its default.
  private func full() throws -> LaunchPlan {
    let box = try Fixture()
    var plan = box.plan(["a", "ü"], cgroup: true)
    plan.namespaces.append(NamespacePlan(.user, path: "/proc/1/ns/user"))
    plan.uidMappings = [IDMapping(container: 1, host: 2, size: 3)]
    plan.gidMappings = [IDMapping(container: 4, host: 5, size: 6)]
    plan.domainname = "domain"
    plan.maskedPaths = ["/m"]
    plan.readonlyPaths = ["/r"]
    plan.sysctls = [Setting("a", "b")]
    plan.loopbackUp = false
    plan.startGate = "/gate"
    plan.timeOffsets = [Setting("monotonic", "1 2")]
    plan.mounts[0].recursiveSet = 1
    plan.mounts[0].recursiveClear = 2
    plan.mounts[0].propagation = 3
    plan.mounts[0].copyUp = true
    plan.process.user = .name("u", additional: ["g"])
    plan.process.rlimits = [Rlimit(resource: 1, soft: 2, hard: UInt64.max, required: true)]
    plan.process.seccompProgram = [1, 2, 3]
    plan.process.seccompFlags = 4
    plan.process.oomScoreAdj = -5
    plan.process.umask = 0o27
    plan.process.apparmorProfile = "p"
    plan.process.selinuxLabel = "l"
    plan.process.dieWithParent = true
    plan.process.preservedDescriptors = 2
    plan.hooks.poststop = [HookPlan.Hook(path: "/h", arguments: ["h"], environment: ["E=1"], timeout: 9)]
    plan.hooks.annotations = [Setting("k", "v")]
    var limits = CgroupPlan.Resources()
    limits.memory = -1
    limits.memorySwap = 2
    limits.cpuQuota = -3
    limits.cpusetCpus = "0-1"
    limits.oomKillDisable = true
    limits.throttleReadBps = ["8:0 1"]
    limits.devices = [CgroupPlan.DeviceRule(allow: true, type: "c", major: 1, minor: nil, access: "rw")]
    limits.unified = [Setting("memory.high", "max")]
    plan.cgroup?.resources = limits
    return plan
  }

  @Test func aPlanComesBackAsItWas() throws {
    let plan = try full()
    var writer = WireWriter()
    writer.write(plan)
    var reader = WireReader(writer.bytes)
    #expect(try reader.read(LaunchPlan.self) == plan)
    try reader.finish()
    var other = WireWriter()
    let target = JoinTarget(pid: 7, cgroupPath: "/x", namespaces: [.pid, .user])
    other.write(target)
    var stats = CgroupStats()
    stats.memoryLimit = 5
    stats.memoryCounters = [CgroupStats.Counter("rss", 1)]
    stats.blockIO = [CgroupStats.BlockIO(major: 8, minor: 0)]
    other.write(stats)
    var second = WireReader(other.bytes)
    #expect(try second.read(JoinTarget.self) == target)
    #expect(try second.read(CgroupStats.self) == stats)
  }

  @Test func everyTruncationIsRefused() throws {
    var writer = WireWriter()
    writer.write(try full())
    for length in 0..<writer.bytes.count {
      var reader = WireReader(Array(writer.bytes[..<length]))
      #expect(throws: HullError.self) { try reader.read(LaunchPlan.self) }
    }
  }

  @Test func noiseIsRefusedAndNeverBelieved() throws {
    var writer = WireWriter()
    writer.write(try full())
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var bytes = writer.bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      var reader = WireReader(bytes)
      _ = try? reader.read(LaunchPlan.self)
    }
    var huge = WireReader([0xff, 0xff, 0xff, 0xff])
    #expect(throws: HullError.self) { try huge.readList(of: String.self) }
  }
}
