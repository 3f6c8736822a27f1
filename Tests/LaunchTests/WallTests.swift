// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Testing

@testable import Launch

@Suite struct WallTests {
  @Test func aWorkloadSeesOnlyItsOwnWorld() throws {
    let box = try Fixture()
    let result = try box.run("hostname; echo pid $$; ls /proc | grep -c '^[0-9]*$'; cat /proc/net/dev | wc -l; ls /tmp; ls /")
    #expect(result.exit == 0, "\(result)")
    #expect(result.outputLines.prefix(2) == ["box", "pid 1"])
    #expect(!result.output.contains("hull-launch"))
    let mounts = try box.run("cat /proc/mounts").output
    #expect(mounts.hasPrefix("overlay / overlay rw"), "\(mounts)")
    let here = try #require(getcwd(nil, 0))
    defer { free(here) }
    #expect(!mounts.contains(String(cString: here)) && mounts.split(separator: "\n").count == 7, "\(mounts)")
    try box.expectNothingLeft()
  }

  @Test func theExitCodeIsTheProgramsOwn() throws {
    let box = try Fixture()
    #expect(try box.run("exit 42").exit == 42)
    #expect(try box.run("kill -TERM $$; trap '' TERM; sleep 0").exit == 0, "a signal without handler does not reach the first process")
  }

  @Test func theLoopbackInterfaceIsUp() throws {
    let box = try Fixture()
    #expect(try box.run("ifconfig lo").output.contains("UP LOOPBACK RUNNING"))
  }

  @Test func devicesAndLinksStandInDev() throws {
    let box = try Fixture()
    let result = try box.run(
      "cd /dev; stat -c '%n %F %t %T %a' null urandom; readlink fd; readlink stdin; readlink ptmx; echo x > null; head -c 3 zero | wc -c")
    #expect(
      result.outputLines == [
        "null character special file 1 3 666", "urandom character special file 1 9 666", "/proc/self/fd", "/proc/self/fd/0", "pts/ptmx", "3",
      ], "\(result)")
  }

  @Test func onlyTheStandardStreamsAreOpen() throws {
    let box = try Fixture()
    let result = try box.run(box.plan(["ls", "/proc/self/fd"]))
    // 3 is the directory that ls reads.
    #expect(result.outputLines == ["0", "1", "2", "3"])
  }

  @Test func signalsAreNeitherBlockedNorIgnored() throws {
    let box = try Fixture()
    let result = try box.run(box.plan(["grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"]))
    #expect(result.outputLines.allSatisfy { $0.hasSuffix("0000000000000000") }, "\(result)")
  }

  @Test func maskedPathsShowNothingAndReadOnlyPathsRefuse() throws {
    let box = try Fixture()
    let result = try box.run(
      "cat /proc/keys; ls -A /proc/fs /sys/firmware; echo 1 > /proc/sys/kernel/domainname; touch /sys/firmware/x; cat /etc/passwd; ls -A /secret"
    ) {
      $0.maskedPaths = ["/proc/keys", "/sys/firmware", "/proc/acpi", "/not/there", "/etc/passwd", "/secret"]
      $0.readonlyPaths = ["/proc/sys", "/not/there"]
      try? Files.makeDirectories(box.directory + "/rootfs/secret/deep")
    }
    #expect(result.output.contains("can't create /proc/sys/kernel/domainname: Read-only file system"), "\(result)")
    #expect(result.output.contains("/sys/firmware/x: Read-only file system"))
    #expect(!result.output.contains("root:x") && !result.output.contains("deep") && !result.output.contains("memmap"))
  }

  @Test func aNullDeviceThatTheImageReplacedMasksNothingElse() throws {
    let box = try Fixture()
    try box.write("rootfs/dev/null", "forged")
    let result = try box.run("cat /proc/keys") {
      $0.mounts.removeAll { $0.destination.hasPrefix("/dev") }
      $0.devices = []
      $0.maskedPaths = ["/proc/keys"]
    }
    #expect(result.exit == 0 && result.output.isEmpty, "\(result)")
  }

  @Test func aReadOnlyRootRefusesWrites() throws {
    let box = try Fixture()
    let result = try box.run("touch /x; touch /dev/shm/y && echo tmpfs") { $0.root.readonly = true }
    #expect(result.output.contains("/x: Read-only file system") && result.output.contains("tmpfs"))
  }

  @Test func whatTheWorkloadWritesIsInTheUpperDirectory() throws {
    let box = try Fixture()
    _ = try box.run("echo hello > /tmp/note")
    #expect(try Files.readText(box.directory + "/upper/tmp/note") == "hello")
    #expect(access(box.directory + "/rootfs/tmp/note", F_OK) != 0)
  }

  @Test func aDirectoryCanBeTheRoot() throws {
    let box = try Fixture()
    let result = try box.run("pwd; ls /bin/busybox; touch /made") { $0.root.source = .directory(box.directory + "/rootfs") }
    #expect(result.outputLines == ["/", "/bin/busybox"])
    #expect(access(box.directory + "/rootfs/made", F_OK) == 0)
    try box.expectNothingLeft()
  }

  @Test func chrootServesWherePivotingIsNotWanted() throws {
    let box = try Fixture()
    let result = try box.run("ls /") { $0.root.noPivot = true }
    #expect(result.outputLines == ["bin", "dev", "etc", "proc", "root", "sys", "tmp"], "\(result)")
    try box.expectNothingLeft()
  }

  @Test func aSharedRootDoesNotSpreadToTheHost() throws {
    let box = try Fixture()
    let result = try box.run("mkdir /m; mount -t tmpfs x /m && grep -c shared /proc/self/mountinfo") {
      $0.root.propagation = MountFlag.shared | MountFlag.recursive
    }
    #expect(result.exit == 0, "\(result)")
    try box.expectNothingLeft()
  }

  @Test func manyLayersFitOneUnion() throws {
    let box = try Fixture()
    var layers: [String] = []
    for index in 0..<127 {
      let layer = box.directory + "/layers/" + String(repeating: "l", count: 60) + "\(index)"
      try Files.makeDirectories(layer)
      try box.write(String(layer.dropFirst(box.directory.count + 1)) + "/f\(index)", "")
      layers.append(layer)
    }
    let result = try box.run("ls / | grep -c '^f[0-9]'") {
      $0.root.source = .overlay(lower: layers + [box.directory + "/rootfs"], upper: box.directory + "/upper", work: box.directory + "/work")
    }
    #expect(result.output == "127\n" || result.output == "127", "\(result)")
  }

  @Test func sysctlsAreSetInTheNamespaces() throws {
    let box = try Fixture()
    let result = try box.run("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax") {
      $0.sysctls = [Setting("net.ipv4.ip_forward", "1"), Setting("kernel.msgmax", "4242")]
    }
    #expect(result.outputLines == ["1", "4242"], "\(result)")
    let bad = try box.run("true") { $0.sysctls = [Setting("net/../../../etc/passwd", "1")] }
    #expect(bad.error?.contains("set sysctl") == true)
    #expect(SysctlWriter.path("net.ipv4.conf.eth0/100.forwarding") == "net/ipv4/conf/eth0.100/forwarding")
    #expect(SysctlWriter.path("net/ipv4/conf/eth0.100/forwarding") == "net/ipv4/conf/eth0.100/forwarding")
  }

  @Test func aNewCgroupNamespaceBeginsAtTheGroup() throws {
    let box = try Fixture()
    var plan = box.plan(["sh", "-c", "cat /proc/self/cgroup; ls /sys/fs/cgroup; cat /sys/fs/cgroup/*/cgroup.procs | grep -c '^1$'"], cgroup: true)
    plan.namespaces.append(NamespacePlan(.cgroup))
    plan.mounts.append(box.mount("cgroup", "cgroup", "/sys/fs/cgroup", flags: MountFlag.readOnly | MountFlag.noSuid))
    let result = try box.run(plan)
    let groups = result.outputLines.filter { $0.contains(":") && !$0.hasPrefix("0::") }
    #expect(result.exit == 0 && !groups.isEmpty, "\(result)")
    #expect(groups.allSatisfy { $0.hasSuffix(":/") }, "\(result)")
    try box.expectNothingLeft()
  }

  @Test func withoutItsOwnCgroupNamespaceTheGroupIsBound() throws {
    let box = try Fixture()
    var plan = box.plan(["sh", "-c", "cat /proc/self/cgroup; cat /sys/fs/cgroup/pids/pids.max; echo 7 > /sys/fs/cgroup/pids/pids.max"], cgroup: true)
    plan.cgroup?.resources.pids = 33
    plan.mounts.append(box.mount("cgroup", "cgroup", "/sys/fs/cgroup", flags: MountFlag.readOnly | MountFlag.noSuid))
    let result = try box.run(plan)
    #expect(result.output.contains("/hull-test/\(box.id)"), "\(result)")
    if try !CgroupHierarchies.host().isUnified {
      #expect(result.outputLines.contains("33"), "\(result)")
      #expect(result.output.contains("pids.max: Read-only file system"))
    }
    try box.expectNothingLeft()
  }

  @Test func timeMayRunDifferently() throws {
    let box = try Fixture()
    let result = try box.run("cat /proc/uptime") {
      $0.namespaces.append(NamespacePlan(.time))
      $0.timeOffsets = [Setting("boottime", "8640000 0")]
    }
    let seconds = result.output.split(separator: ".").first.flatMap { Int($0) } ?? 0
    #expect(seconds > 8_640_000, "\(result)")
  }
}
