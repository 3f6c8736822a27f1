// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Testing

@testable import Launch

@Suite struct CgroupTests {
  private func limits(_ change: (inout CgroupPlan.Resources) -> Void) -> CgroupPlan.Resources {
    var limits = CgroupPlan.Resources()
    change(&limits)
    return limits
  }

  @Test func hierarchiesAreFoundInTheMountTable() throws {
    func table(_ lines: [String]) -> CgroupHierarchies { CgroupHierarchies(mounts: lines.compactMap { MountTableEntry(line: $0) }) }
    let hybrid = table([
      "30 24 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755",
      "31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate",
      "32 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd",
      "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct",
      "34 30 0:30 /docker/x /elsewhere rw - cgroup cgroup rw,cpu,cpuacct", "35 30 0:31 / /sys/fs/cgroup/my\\040dir rw - cgroup cgroup rw,pids",
    ])
    #expect(!hybrid.isUnified && hybrid.unified == "/sys/fs/cgroup/unified")
    #expect(hybrid.directory("/a", controller: "cpuacct") == "/sys/fs/cgroup/cpu,cpuacct/a")
    #expect(hybrid.directory("/a", controller: "pids") == "/sys/fs/cgroup/my dir/a")
    #expect(hybrid.directory("/a", controller: "memory") == nil)
    let unified = table(["31 30 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw"])
    #expect(unified.isUnified && unified.directories("/a") == ["/sys/fs/cgroup/a"])
  }

  @Test(arguments: ["", "/", "relative", "/a/../b", "/a//b", "/./a"]) func pathsThatLeadElsewhereAreRefused(_ path: String) throws {
    let hierarchies = CgroupHierarchies(legacy: [], unified: "/nowhere")
    #expect(throws: HullError.self) { _ = try hierarchies.make(path) }
    #expect(throws: HullError.self) { try hierarchies.remove(path) }
  }

  @Test func versionTwoNumbersAreThoseOfRunc() throws {
    #expect([1, 2, 256, 512, 1024, 2048, 262_144].map { CgroupConversion.weight(shares: $0) } == [1, 1, 35, 59, 100, 174, 10_000])
    #expect([10, 500, 1000].map { CgroupConversion.ioWeight(blkio: $0) } == [1, 4950, 10_000])
    #expect(try CgroupConversion.swap(memory: 100, memoryAndSwap: 300) == "200")
    #expect(try CgroupConversion.swap(memory: 100, memoryAndSwap: 100) == "0")
    #expect(try CgroupConversion.swap(memory: 100, memoryAndSwap: -1) == "max")
    #expect(try CgroupConversion.swap(memory: -1, memoryAndSwap: nil) == "max")
    #expect(try CgroupConversion.swap(memory: 100, memoryAndSwap: nil) == nil)
    #expect(throws: HullError.self) { _ = try CgroupConversion.swap(memory: 300, memoryAndSwap: 100) }
  }

  @Test func versionTwoLimitsGoToTheirFiles() throws {
    let box = try Fixture()
    let root = box.directory + "/cgroup"
    for path in ["", "/hull", "/hull/x"] {
      try Files.makeDirectories(root + path)
      try box.write("cgroup\(path)/cgroup.controllers", path == "/hull/x" ? "" : "cpu cpuset io memory pids hugetlb")
      try box.write("cgroup\(path)/cgroup.subtree_control", "")
    }
    let files = [
      "memory.max", "memory.swap.max", "memory.low", "cpu.weight", "cpu.max", "cpuset.cpus", "cpuset.mems", "pids.max", "io.weight", "io.max",
      "hugetlb.2MB.max", "memory.high", "cgroup.procs",
    ]
    for file in files { try box.write("cgroup/hull/x/" + file, "") }
    let hierarchies = CgroupHierarchies(legacy: [], unified: root)
    #expect(try !hierarchies.make("/hull/x"))
    let enabled = Set(try Files.readText(root + "/hull/cgroup.subtree_control").split(separator: " "))
    #expect(enabled == ["+cpu", "+cpuset", "+io", "+memory", "+pids", "+hugetlb"])
    #expect(try Files.readText(root + "/hull/x/cgroup.subtree_control").isEmpty)
    let warnings = try hierarchies.apply(
      limits {
        $0.memory = 1 << 20
        $0.memorySwap = 3 << 20
        $0.memoryReservation = 5
        $0.cpuShares = 1024
        $0.cpuQuota = 50_000
        $0.cpuPeriod = 20_000
        $0.cpusetCpus = "0"
        $0.cpusetMems = "0"
        $0.pids = -1
        $0.blkioWeight = 10
        $0.throttleWriteBps = ["8:0 4096"]
        $0.hugepages = [Setting("2MB", "2097152")]
        $0.unified = [Setting("memory.high", "77")]
        $0.swappiness = 3
      }, to: "/hull/x")
    let written = try files.dropLast().map { try Files.readText(root + "/hull/x/" + $0) }
    #expect(
      written == [
        "1048576", "2097152", "5", "100", "50000 20000", "0", "0", "max", "default 1", "8:0 wbps=4096", "2097152", "77",
      ])
    #expect(warnings.count == 1 && warnings[0].contains("swappiness"))
    try hierarchies.add(4711, to: "/hull/x")
    #expect(try Files.readText(root + "/hull/x/cgroup.procs") == "4711")
    #expect(throws: HullError.self) { _ = try hierarchies.apply(limits { $0.unified = [Setting("../cgroup.procs", "1")] }, to: "/hull/x") }
  }

  @Test func versionTwoNumbersAreRead() throws {
    let box = try Fixture()
    try Files.makeDirectories(box.directory + "/cg/x")
    try box.write("cg/x/cpu.stat", "usage_usec 1000\nuser_usec 600\nsystem_usec 400\nnr_periods 3\nnr_throttled 2\nthrottled_usec 9\n")
    try box.write("cg/x/memory.current", "4096\n")
    try box.write("cg/x/memory.max", "max\n")
    try box.write("cg/x/memory.stat", "anon 1\nfile 2\n")
    try box.write("cg/x/memory.events", "low 0\nmax 4\noom 1\noom_kill 2\n")
    try box.write("cg/x/pids.current", "5\n")
    try box.write("cg/x/pids.max", "10\n")
    try box.write("cg/x/io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n")
    let hierarchies = CgroupHierarchies(legacy: [], unified: box.directory + "/cg")
    let stats = try hierarchies.stats("/x")
    #expect(stats.isUnified && stats.cpuTotal == 1_000_000 && stats.cpuThrottled == 9000 && stats.memoryUsage == 4096)
    #expect(stats.memoryLimit == nil && stats.memoryCounters.map(\.name) == ["anon", "file"] && stats.memoryFailures == 4)
    #expect(stats.pids == 5 && stats.pidsLimit == 10 && stats.blockIO.first?.writeOperations == 4)
    #expect(hierarchies.oomKills("/x") == 2)
    #expect(throws: HullError.self) { _ = try hierarchies.stats("/y") }
  }

  @Test func limitsHoldForARealWorkload() throws {
    let box = try Fixture()
    var plan = box.plan(
      ["sh", "-c", "(for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done); exec sleep 1000"], cgroup: true)
    plan.cgroup?.resources.pids = 5
    plan.cgroup?.resources.memory = 64 << 20
    plan.cgroup?.resources.memorySwap = 64 << 20
    plan.cgroup?.resources.cpuShares = 512
    plan.cgroup?.resources.cpuQuota = 50_000
    plan.cgroup?.resources.cpuPeriod = 100_000
    let probe = try box.start(plan)
    _ = try probe.line("pid")
    let path = "/hull-test/" + box.id
    let stats = try Cgroups.stats(path)
    #expect(stats.memoryLimit == 64 << 20 && stats.pidsLimit == 5, "\(stats)")
    let processes = try Cgroups.processes(path)
    #expect(!processes.isEmpty && processes.count <= 5)
    while try !probe.result().output.contains("can't fork") { usleep(2000) }
    try Cgroups.signal(SIGKILL, to: path)
    let result = try probe.finish()
    #expect(result.exit == 137, "\(result)")
    try box.expectNothingLeft()
  }

  @Test func anOutOfMemoryKillIsCounted() throws {
    let box = try Fixture()
    var plan = box.plan(["sh", "-c", "dd if=/dev/zero of=/dev/shm/fill bs=1M count=100; echo $?; sleep 1000"], cgroup: true)
    plan.cgroup?.resources.memory = 16 << 20
    plan.cgroup?.resources.memorySwap = 16 << 20
    let probe = try box.start(plan)
    _ = try probe.line("pid")
    let path = "/hull-test/" + box.id
    for _ in 0..<2000 where Cgroups.oomKills(path) == 0 { usleep(5000) }
    #expect(Cgroups.oomKills(path) > 0)
    try Cgroups.signal(SIGKILL, to: path)
    _ = try probe.finish()
    try box.expectNothingLeft()
  }

  @Test func aFrozenGroupStandsStillAndGoesOn() throws {
    let box = try Fixture()
    let probe = try box.start(box.plan(["sh", "-c", "while true; do echo >> /count; done"], cgroup: true))
    let pid = try #require(Int32(try probe.line("pid")))
    let path = "/hull-test/" + box.id
    try Cgroups.freeze(path)
    let before = try Files.readText("/proc/\(pid)/stat")
    let again = try Files.readText("/proc/\(pid)/stat")
    #expect(before == again)
    try Cgroups.thaw(path)
    try Cgroups.freeze(path)
    try Cgroups.remove(path)
    #expect(try probe.finish().exit == 137)
    try box.expectNothingLeft()
  }

  @Test func whatIsLeftInAGroupIsKilledWithIt() throws {
    let path = "/hull-test/left-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    try Cgroups.create(CgroupPlan(path: path))
    let below = CgroupPlan(path: path + "/below")
    try Cgroups.create(below)
    let pid = try Subprocess.start("/bin/busybox", ["sleep", "1000"], environment: [])
    try Cgroups.add(pid, to: below.path)
    #expect(try Cgroups.processes(path) == [pid])
    try Cgroups.remove(path)
    #expect(try Processes.reap(pid) == 137)
    for directory in try CgroupHierarchies.host().directories(path) { #expect(access(directory, F_OK) != 0) }
    try Cgroups.remove(path)
  }

  @Test func aFailedLimitLeavesNoGroup() throws {
    let box = try Fixture()
    var plan = box.plan(["true"], cgroup: true)
    plan.cgroup?.resources.cpusetCpus = "4000"
    let result = try box.run(plan)
    #expect(result.error?.contains("cannot set cpuset.cpus of control group") == true, "\(result)")
    try box.expectNothingLeft()
  }

  @Test func versionOneDeviceRulesHold() throws {
    let box = try Fixture()
    var plan = box.plan(["sh", "-c", "head -c 1 /dev/zero | wc -c; echo > /dev/null && echo null; mknod /dev/k c 1 2; cat /dev/k"], cgroup: true)
    plan.cgroup?.resources.devices = [
      CgroupPlan.DeviceRule(allow: false, type: "a", major: nil, minor: nil, access: "rwm"),
      CgroupPlan.DeviceRule(allow: true, type: "c", major: nil, minor: nil, access: "m"),
      CgroupPlan.DeviceRule(allow: true, type: "c", major: 1, minor: 3, access: "rw"),
    ]
    let result = try box.run(plan)
    #expect(result.output.contains("/dev/zero: Operation not permitted") && result.output.contains("null"), "\(result)")
    #expect(result.output.contains("can't open '/dev/k': Operation not permitted"))
    try box.expectNothingLeft()
  }

  @Test(arguments: [false, true]) func aVersionTwoGroupHoldsTheWorkloadFromTheClone(_ ownNamespace: Bool) throws {
    guard let root = try CgroupHierarchies.host().unified else { return }
    let box = try Fixture()
    var plan = box.plan(["sleep", "1000"], cgroup: true)
    if ownNamespace { plan.namespaces.append(NamespacePlan(.cgroup)) }
    plan.mounts.append(box.mount("cgroup", "cgroup", "/sys/fs/cgroup", flags: MountFlag.readOnly))
    let directory = "/sys/fs/cgroup" + (ownNamespace ? "" : "/hull-test/" + box.id)
    let script = "grep -h ^0:: /proc/self/cgroup /proc/1/cgroup; grep -c ^1$ \(directory)/cgroup.procs"
    let result = try box.run(plan, exec: [box.process(["sh", "-c", script])], unified: true)
    let place = ownNamespace ? "0::/" : "0::/hull-test/\(box.id)"
    #expect(result.outputLines == [place, place, "1"], "\(result)")
    #expect(access(root + "/hull-test/" + box.id, F_OK) != 0)
    plan.process.arguments = ["nothing"]
    #expect(try box.run(plan, unified: true).error?.contains("not found in $PATH") == true)
    #expect(access(root + "/hull-test/" + box.id, F_OK) != 0)
  }

  @Test func versionTwoDeviceRulesHold() throws {
    guard let root = try CgroupHierarchies.host().unified else { return }
    let hierarchies = CgroupHierarchies(legacy: [], unified: root)
    let path = "/hull-test-devices-\(getpid())"
    _ = try hierarchies.make(path)
    defer { try? hierarchies.remove(path) }
    let rules = [
      CgroupPlan.DeviceRule(allow: false, type: "a", major: nil, minor: nil, access: "rwm"),
      CgroupPlan.DeviceRule(allow: true, type: "c", major: 1, minor: 3, access: "r"),
      CgroupPlan.DeviceRule(allow: true, type: "c", major: 1, minor: 3, access: "w"),
      CgroupPlan.DeviceRule(allow: true, type: "c", major: 1, minor: nil, access: "r"),
      CgroupPlan.DeviceRule(allow: false, type: "c", major: 1, minor: 9, access: "r"),
    ]
    func verdicts() throws -> String {
      let ends = try Descriptors.pipe()
      let script = "read x; for d in null zero urandom tty; do (: < /dev/$d) 2>/dev/null && echo r-$d; (: > /dev/$d) 2>/dev/null && echo w-$d; done"
      let output = try Descriptors.pipe()
      let pid = try Subprocess.start("/bin/busybox", ["sh", "-c", script], environment: ["PATH=/bin"], stdin: ends.first, stdout: output.second)
      close(ends.first)
      close(output.second)
      try hierarchies.add(pid, to: path)
      try Files.writeAll(ends.second, Array("go\n".utf8))
      close(ends.second)
      defer { close(output.first) }
      let text = String(decoding: try Files.readAll(output.first), as: UTF8.self)
      try Processes.reap(pid)
      return text.split(separator: "\n").joined(separator: " ")
    }
    _ = try hierarchies.apply(limits { $0.devices = rules }, to: path)
    #expect(try verdicts() == "r-null w-null r-zero")
    _ = try hierarchies.apply(
      limits { $0.devices = rules + [CgroupPlan.DeviceRule(allow: true, type: "a", major: nil, minor: nil, access: "rwm")] }, to: path)
    #expect(try verdicts().contains("r-urandom w-urandom"))
    let group = try Files.open(root + path, O_RDONLY | O_DIRECTORY)
    #expect(try DeviceFilter.attached(group.number).count == 1)
  }
}
