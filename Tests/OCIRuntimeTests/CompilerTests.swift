// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import OCISpec
import Testing

@testable import LaunchCompiler

@Suite struct CompilerTests {
  private func compile(_ change: (inout RuntimeSpec) -> Void = { _ in }) throws -> LaunchPlan {
    var spec = DefaultSpec.spec(args: ["true"], root: "rootfs")
    change(&spec)
    return try LaunchCompiler.compile(spec, id: "c1", bundle: "/bundle")
  }

  private func refused(_ change: (inout RuntimeSpec) -> Void) -> String? {
    #expect(throws: HullError.self) { try compile(change) }?.description
  }

  @Test func dockersDefaultsCompile() throws {
    let plan = try compile()
    #expect(plan.root.source == .directory("/bundle/rootfs"))
    #expect(plan.root.propagation == 1 << 19 | 1 << 14)
    #expect(plan.namespaces.map(\.kind) == [.mount, .uts, .ipc, .pid, .network])
    #expect(plan.mounts.count == 7)
    #expect(plan.devices.map(\.path).sorted() == ["/dev/full", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"])
    #expect(plan.process.capabilities.bounding == 0xa804_25fb)
    #expect(plan.process.capabilities.ambient == 0)
    #expect(plan.cgroup?.path == "/hull-runtime/c1")
    #expect(plan.cgroup?.resources.devices.first == CgroupPlan.DeviceRule(allow: false, type: "a", major: nil, minor: nil, access: "rwm"))
  }

  @Test func privilegedAllowsEveryDeviceWithOneRule() throws {
    let spec = DefaultSpec.spec(args: ["true"], root: "/r", privileged: true)
    let plan = try LaunchCompiler.compile(spec, id: "p", bundle: "/b")
    #expect(plan.cgroup?.resources.devices == [CgroupPlan.DeviceRule(allow: true, type: "a", major: nil, minor: nil, access: "rwm")])
    #expect(plan.maskedPaths.isEmpty && plan.readonlyPaths.isEmpty)
    #expect(plan.process.capabilities.effective == (1 << 41) - 1)
    #expect(plan.mounts.allSatisfy { $0.flags & MountOptions.readonly == 0 })
    #expect(plan.devices.contains { $0.path == "/dev/null" })
    #expect(!plan.devices.contains { $0.path.hasPrefix("/dev/pts") || $0.path == "/dev/console" })
  }

  @Test func withoutDeviceRulesOnlyTheStandardDevicesAreOpen() throws {
    let plan = try compile { $0.linux?.resources = nil }
    let rules = plan.cgroup?.resources.devices ?? []
    #expect(rules.first?.allow == false)
    #expect(rules.dropFirst().allSatisfy { $0.allow && ($0.major != nil || $0.access == "m") })
  }

  @Test func aHostDevDirectoryKeepsItsOwnNodes() throws {
    let plan = try compile { $0.mounts = [RuntimeSpec.Mount(destination: "/dev", type: "bind", source: "/dev", options: ["rbind"])] }
    #expect(plan.devices.isEmpty)
  }

  @Test func bindSourcesBeginInTheBundle() throws {
    let plan = try compile { $0.mounts = [RuntimeSpec.Mount(destination: "/data", type: "none", source: "d", options: ["bind", "ro"])] }
    #expect(plan.mounts == [expected()])
    func expected() -> MountPlan {
      var mount = MountPlan(type: "bind", source: "/bundle/d", destination: "/data")
      mount.flags = MountOptions.bind | MountOptions.readonly
      return mount
    }
  }

  @Test func whatWouldChangeTheHostIsRefused() {
    #expect(refused { $0.linux?.sysctl = ["kernel.panic": "1"] } == #"sysctl "kernel.panic" is not in a separate kernel namespace"#)
    let net = refused {
      $0.linux?.sysctl = ["net/ipv4/ip_forward": "1"]
      $0.linux?.namespaces?.removeAll { $0.type == "network" }
    }
    #expect(net == #"sysctl "net/ipv4/ip_forward" is not allowed in the host's network namespace"#)
    let name = refused {
      $0.hostname = "h"
      $0.linux?.namespaces?.removeAll { $0.type == "uts" }
    }
    #expect(name == "unable to set hostname without a private UTS namespace")
  }

  @Test func sysctlsWithSlashesAreTranslated() throws {
    let plan = try compile { $0.linux?.sysctl = ["net/ipv4/conf/eno2.100/rp_filter": "1"] }
    #expect(plan.sysctls == [Setting("net.ipv4.conf.eno2/100.rp_filter", "1")])
  }

  @Test func malformedConfigurationsAreRefused() {
    #expect(refused { $0.process = nil } == "config.json: process property must not be empty")
    #expect(refused { $0.process?.args = [] } == "args must not be empty")
    #expect(refused { $0.process?.cwd = "tmp" } == #"Cwd must be an absolute path, not "tmp""#)
    #expect(refused { $0.process?.rlimits = [RuntimeSpec.Rlimit(type: "RLIMIT_FUN", soft: 1, hard: 1)] } == #"invalid rlimit type: "RLIMIT_FUN""#)
    #expect(refused { $0.process?.rlimits = [RuntimeSpec.Rlimit(type: "RLIMIT_CPU", soft: 2, hard: 1)] } != nil)
    #expect(refused { $0.linux?.namespaces?.append(RuntimeSpec.Namespace("pid")) } == #"malformed spec file: duplicated ns "pid""#)
    #expect(refused { $0.linux?.namespaces?.append(RuntimeSpec.Namespace("dream")) } == #"namespace "dream" does not exist"#)
    #expect(refused { $0.linux?.namespaces = [] }?.contains("mount namespace") == true)
    #expect(refused { $0.linux?.namespaces?.append(RuntimeSpec.Namespace("user")) }?.contains("no namespace path to join nor mappings") == true)
    #expect(refused { $0.linux?.devices = [RuntimeSpec.Device(path: "x", type: "c", major: 1, minor: 1)] }?.contains("not absolute") == true)
    #expect(refused { $0.linux?.devices = [RuntimeSpec.Device(path: "/dev/x", type: "c", major: -1, minor: 1)] } != nil)
    #expect(refused { $0.process?.args = ["a\0b"] } != nil)
    #expect(refused { $0.linux?.resources?.unified = ["../x": "1"] } != nil)
  }

  @Test func idMappedMountsAreRefusedClearly() {
    let message = refused { $0.mounts = [RuntimeSpec.Mount(destination: "/d", type: "bind", source: "/s", options: ["rbind", "idmap"])] }
    #expect(message == "invalid mount /d: mount option idmap needs uidMappings and gidMappings of the mount's own")
  }

  @Test func aUserWithoutNumberIsLookedUpByName() throws {
    var user = RuntimeSpec.User()
    (user.uid, user.gid, user.username, user.additionalGids) = (nil, nil, "nobody:nogroup", [7])
    #expect(try compile { $0.process?.user = user }.process.user == .name("nobody:nogroup", additional: ["7"]))
    user.uid = 5
    #expect(try compile { $0.process?.user = user }.process.user == .ids(uid: 5, gid: 0, additional: [7]))
  }

  @Test func ofTwoValuesTheLastCounts() throws {
    let plan = try compile { $0.process?.env = ["A=1", "HOME=/x", "B=2", "A=3", "HOME="] }
    #expect(plan.process.environment == ["A=3", "B=2"])
  }

  @Test func ambientCapabilitiesNeedInheritableOnes() {
    var sets = RuntimeSpec.Capabilities()
    (sets.permitted, sets.ambient) = (["CAP_KILL"], ["CAP_KILL"])
    #expect(CapabilityNames.sets(sets).ambient == 0)
    sets.inheritable = ["CAP_KILL"]
    #expect(CapabilityNames.sets(sets).ambient == 1 << 5)
  }

  @Test func dockersCapabilityOptions() throws {
    #expect(try CapabilityNames.docker(add: [], drop: [], privileged: false).sorted() == DefaultSpec.capabilities.sorted())
    #expect(try CapabilityNames.docker(add: ["net_admin"], drop: ["ALL"], privileged: false) == ["CAP_NET_ADMIN"])
    #expect(try CapabilityNames.docker(add: ["ALL"], drop: ["CAP_SYS_ADMIN"], privileged: false).count == 40)
    #expect(try CapabilityNames.docker(add: [], drop: ["kill"], privileged: true).count == 41)
    let error = #expect(throws: HullError.self) { try CapabilityNames.docker(add: ["fly"], drop: [], privileged: false) }
    #expect(error?.message == #"invalid CapAdd: unknown capability: "CAP_FLY""#)
  }
}

@Suite struct ResourceTests {
  @Test func cgroupPathsStayBelowTheRoot() throws {
    #expect(try LaunchCompiler.cgroupPath("/a/../../b/./c", id: "x") == "/b/c")
    #expect(try LaunchCompiler.cgroupPath("a/b", id: "x") == "/a/b")
    #expect(throws: HullError.self) { try LaunchCompiler.cgroupPath("/..", id: "x") }
  }

  @Test func systemdsFormBecomesItsPath() throws {
    #expect(try LaunchCompiler.cgroupPath("machine.slice:libpod:abc", id: "x") == "/machine.slice/libpod-abc.scope")
    #expect(try LaunchCompiler.cgroupPath("a-b.slice:p:n", id: "x") == "/a.slice/a-b.slice/p-n.scope")
    #expect(try LaunchCompiler.cgroupPath(":docker:n", id: "x") == "/system.slice/docker-n.scope")
    for wrong in ["a:b:c", "a--b.slice:p:n", "../a.slice:p:n"] {
      #expect(throws: HullError.self) { try LaunchCompiler.cgroupPath(wrong, id: "x") }
    }
  }

  @Test func zeroMeansNotSet() throws {
    var resources = RuntimeSpec.Resources()
    resources.memory = RuntimeSpec.Memory()
    resources.memory?.limit = 0
    resources.cpu = RuntimeSpec.CPU()
    resources.cpu?.shares = 0
    resources.cpu?.cpus = ""
    #expect(try LaunchCompiler.resources(resources) == CgroupPlan.Resources())
    resources.memory?.limit = -1
    #expect(try LaunchCompiler.resources(resources).memorySwap == -1)
  }

  @Test func throttlingBecomesTheKernelsLines() throws {
    var resources = RuntimeSpec.Resources()
    resources.blockIO = RuntimeSpec.BlockIO()
    resources.blockIO?.throttleReadBpsDevice = [RuntimeSpec.ThrottleDevice(major: 8, minor: 0, rate: 1 << 20)]
    resources.blockIO?.weight = 300
    let plan = try LaunchCompiler.resources(resources)
    #expect(plan.throttleReadBps == ["8:0 1048576"])
    #expect(plan.blkioWeight == 300)
  }

  @Test func whatIsNotSupportedIsSaid() {
    var resources = RuntimeSpec.Resources()
    resources.rdma = ["mlx": RuntimeSpec.Rdma()]
    let error = #expect(throws: HullError.self) { try LaunchCompiler.resources(resources) }
    #expect(error?.message == "linux.resources.rdma is not supported")
  }
}

@Suite struct MountOptionTests {
  @Test func optionsAreTakenApartAsByRunc() throws {
    let options = try MountOptions(["nosuid", "strictatime", "mode=755", "size=65536k", "rslave", "tmpcopyup"])
    #expect(options.flags == 2 | 1 << 24)
    #expect(options.data == "mode=755,size=65536k")
    #expect(options.propagation == MountOptions.slave | MountOptions.recursive)
    #expect(options.copyUp)
  }

  @Test func aLaterOptionTakesBackAnEarlierOne() throws {
    let options = try MountOptions(["rbind", "ro", "rw", "noexec", "exec"])
    #expect(options.flags == MountOptions.bind | MountOptions.recursive)
    #expect(options.cleared == 1 | 1 << 3)
  }

  @Test func recursiveAttributesAreKeptApart() throws {
    let options = try MountOptions(["rbind", "rro", "rnosuid", "rsuid", "rnoatime"])
    #expect(options.recursiveSet == 0x1 | 0x10)
    #expect(options.recursiveClear == 0x2 | 0x70)
  }

  @Test func everyKnownOptionIsAccepted() throws {
    for option in MountOptions.known { #expect(try MountOptions([option]).data.isEmpty, "\(option)") }
    #expect(Set(MountOptions.known).count == MountOptions.known.count)
  }
}
