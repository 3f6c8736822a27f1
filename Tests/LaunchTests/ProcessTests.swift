// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Seccomp
import Testing

@testable import Launch

@Suite struct ProcessTests {
  @Test(arguments: [
    ("", "uid=0(root) gid=0(root) groups=0(root) /root"),
    ("alice", "uid=1000(alice) gid=1001(alice) groups=10(wheel),100(users),1001(alice) /home/alice"),
    ("1000", "uid=1000(alice) gid=1001(alice) groups=10(wheel),100(users),1001(alice) /home/alice"),
    ("alice:wheel", "uid=1000(alice) gid=10(wheel) groups=10(wheel) /home/alice"),
    ("4711", "uid=4711 gid=0(root) groups=0(root) /"), ("4711:4712", "uid=4711 gid=4712 groups=4712 /"),
    (":users", "uid=0(root) gid=100(users) groups=100(users) /root"),
  ])
  func usersAreLookedUpInTheContainer(_ user: String, _ expected: String) throws {
    let box = try Fixture()
    let result = try box.run("echo \"$(id) $HOME\"") { $0.process.user = .name(user) }
    let sorted = result.output.replacingGroups()
    #expect(sorted == expected, "\(result)")
  }

  @Test func unknownUsersAreNamedAsDockerDoes() throws {
    let box = try Fixture()
    func error(_ user: String, _ more: [String] = []) throws -> String? {
      try box.run("true") { $0.process.user = .name(user, additional: more) }.error
    }
    #expect(try error("carol") == "invalid argument: unable to find user carol: no matching entries in passwd file")
    #expect(try error("alice:crew") == "invalid argument: unable to find group crew: no matching entries in group file")
    #expect(try error("alice", ["crew"]) == "invalid argument: unable to find group crew: no matching entries in group file")
    #expect(try error("99999999999") == "invalid argument: uids and gids must be in range 0-2147483647")
    try box.expectNothingLeft()
  }

  @Test func additionalGroupsAreJoined() throws {
    let box = try Fixture()
    let result = try box.run("id -G") { $0.process.user = .name("bob", additional: ["users", "777"]) }
    #expect(result.output == "1002 10 100 777", "\(result)")
    let numbers = try box.run("id -u; id -G") { $0.process.user = .ids(uid: 5, gid: 6, additional: [7]) }
    #expect(numbers.outputLines == ["5", "6 7"])
  }

  @Test func anAccountFileThatLeadsToTheHostIsNotReached() throws {
    let box = try Fixture()
    try box.write("passwd", "mallory:x:0:0::/:/bin/sh\n")
    for fd in [4, 5, 6, 7, 8, 9, 12] {
      unlink(box.directory + "/rootfs/etc/passwd")
      symlink("/proc/self/fd/\(fd)/../passwd", box.directory + "/rootfs/etc/passwd")
      #expect(try box.run("true") { $0.process.user = .name("mallory") }.error?.contains("unable to find user") == true)
    }
  }

  @Test func aHostileAccountFileIsNotRead() throws {
    let box = try Fixture()
    unlink(box.directory + "/rootfs/etc/passwd")
    mkfifo(box.directory + "/rootfs/etc/passwd", 0o644)
    #expect(try box.run("grep Uid /proc/self/status") { $0.process.user = .name("12") }.output == "Uid:\t12\t12\t12\t12")
    #expect(try box.run("true") { $0.process.user = .name("alice") }.error?.contains("unable to find user alice") == true)
  }

  @Test(arguments: [
    (["nothing"], "command not found: exec: \"nothing\": executable file not found in $PATH"),
    (["/nothing"], "command not found: exec: \"/nothing\": stat /nothing: no such file or directory"),
    (["/etc/passwd"], "command not executable: exec: \"/etc/passwd\": permission denied"),
    (["/etc"], "command not executable: exec: \"/etc\": is a directory"),
    (["/etc/garbage"], "command not executable: exec /etc/garbage: exec format error"),
    ([""], "command not found: exec: \"\": executable file not found in $PATH"),
  ])
  func commandsThatCannotRunAreNamedAsDockerDoes(_ command: [String], _ expected: String) throws {
    let box = try Fixture()
    try box.write("rootfs/etc/garbage", "garbage", mode: 0o755)
    var plan = box.plan(command, cgroup: true)
    plan.process.noNewPrivileges = true
    #expect(try box.run(plan).error == expected)
    try box.expectNothingLeft()
  }

  @Test func aMissingWorkingDirectoryIsMade() throws {
    let box = try Fixture()
    #expect(try box.run("pwd") { $0.process.cwd = "/a/b/c" }.output == "/a/b/c")
    let escape = try box.run("ls") { $0.process.cwd = "/proc/self/fd/5" }
    #expect(escape.exit == nil && escape.error != nil, "\(escape)")
  }

  @Test func rightsAreThoseOfThePlan() throws {
    let box = try Fixture()
    let result = try box.run("grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status") {
      $0.process.capabilities = CapabilitySets()
      $0.process.capabilities.bounding = 0b1000_0001
      $0.process.capabilities.permitted = 0b1000_0001
      $0.process.capabilities.effective = 0b1000_0001
      $0.process.capabilities.inheritable = 0b1
      $0.process.capabilities.ambient = 0b1
      $0.process.noNewPrivileges = true
      $0.process.user = .name("alice")
    }
    #expect(
      result.outputLines.map { $0.split(separator: "\t").last ?? "" } == [
        "0000000000000001", "0000000000000001", "0000000000000001", "0000000000000081", "0000000000000001", "1", "0",
      ], "\(result)")
  }

  @Test func capabilitiesTheHostLacksAreAWarning() throws {
    let box = try Fixture()
    let result = try box.run("grep CapEff /proc/self/status") {
      $0.process.capabilities.permitted = ~0
      $0.process.capabilities.effective = ~0
    }
    #expect(result.exit == 0 && result.warnings.contains { $0.contains("does not allow capabilities") }, "\(result)")
  }

  @Test(arguments: [true, false]) func theFilterStopsTheProgramAndNotTheLauncher(_ noNewPrivileges: Bool) throws {
    let box = try Fixture()
    let filter = try Seccomp.compile(try Seccomp.defaultFilter(capabilities: ["CAP_CHOWN"]))
    let result = try box.run("grep Seccomp: /proc/self/status; mkdir /m; mount -t tmpfs x /m") {
      $0.process.seccompProgram = filter
      $0.process.noNewPrivileges = noNewPrivileges
    }
    #expect(result.output.contains("Seccomp:\t2") && result.output.contains("mount: permission denied"), "\(result)")
  }

  @Test func limitsThatTheKernelRefusesAreAWarningUnlessAskedFor() throws {
    let box = try Fixture()
    let hard = try ResourceLimits.get(UInt32(RLIMIT_NOFILE.rawValue)).hard
    let nofile = UInt32(RLIMIT_NOFILE.rawValue)
    let lower = try box.run("ulimit -n; ulimit -Hn") { $0.process.rlimits = [Rlimit(resource: nofile, soft: 99, hard: 100, required: true)] }
    #expect(lower.outputLines == ["99", "100"])
    let mayRaise = try Capabilities.permitted() >> 24 & 1 == 1
    let raised = try box.run("ulimit -Hn") { $0.process.rlimits = [Rlimit(resource: nofile, soft: hard, hard: hard + 1, required: false)] }
    #expect(raised.output == "\(mayRaise ? hard + 1 : hard)")
    #expect(raised.warnings.count == (mayRaise ? 0 : 1), "\(raised)")
    let required = try box.run("true") { $0.process.rlimits = [Rlimit(resource: nofile, soft: hard, hard: hard + 1, required: true)] }
    #expect(required.error?.contains("cannot raise limit nofile") == (mayRaise ? nil : true))
  }

  @Test func umaskOomScoreAndEnvironmentAreSet() throws {
    let box = try Fixture()
    let result = try box.run("umask; cat /proc/self/oom_score_adj; env | sort") {
      $0.process.umask = 0o077
      $0.process.oomScoreAdj = 321
      $0.process.environment += ["A=b c", "HOME=/elsewhere"]
    }
    #expect(result.outputLines.prefix(2) == ["0077", "321"], "\(result)")
    #expect(result.outputLines.contains("A=b c") && result.outputLines.contains("HOME=/elsewhere"))
  }

  @Test func aTerminalIsTheContainersOwn() throws {
    let box = try Fixture()
    let result = try box.run(
      "tty; stty size; ls -l /dev/console /dev/pts; echo > /dev/console; test -t 0 && test -t 1 && test -t 2 && echo yes; sh -c 'echo > /dev/tty && echo controlled'"
    ) {
      $0.process.terminal = true
      $0.process.rows = 33
      $0.process.columns = 99
      $0.process.user = .name("alice")
    }
    #expect(result.exit == 0 && result.output.contains("/dev/pts/0") && result.output.contains("33 99"), "\(result)")
    #expect(result.output.contains("yes") && result.output.contains("controlled"), "\(result)")
    let missing = try box.run("true") {
      $0.process.terminal = true
      $0.mounts.removeAll { $0.type == "devpts" }
    }
    #expect(missing.error?.hasPrefix("internal error: open a terminal:") == true, "\(missing)")
  }

  @Test func descriptorsArePreservedOnlyWhenThePlanSaysSo() throws {
    let box = try Fixture()
    var plan = box.plan(["sh", "-c", "ls /proc/self/fd"])
    plan.process.preservedDescriptors = 4
    // 3 to 6 are open in every probe or they are not: none above them may be.
    let result = try box.run(plan)
    #expect(result.outputLines.compactMap { Int($0) }.allSatisfy { $0 <= 7 }, "\(result)")
  }

  @Test func theStartGateHoldsTheProgramBack() throws {
    let box = try Fixture()
    let gate = box.directory + "/gate"
    mkfifo(gate, 0o600)
    var plan = box.plan(["echo", "started"])
    plan.startGate = gate
    let result = try box.run(plan)
    #expect(result.line("gate")?.contains("probe") == true, "before the gate opens the launcher's code runs: \(result)")
    #expect(result.exit == 0 && result.output == "started", "\(result)")
    #expect(throws: HullError.self) { try Launcher.openGate(gate) }
    plan.process.arguments = ["nothing"]
    #expect(try box.run(plan).error?.contains("not found in $PATH") == true, "what is missing shows before the gate")
  }

  @Test func aWorkloadDiesWithTheProcessThatLaunchedIt() throws {
    let box = try Fixture()
    var plan = box.plan(["sleep", "1000"])
    plan.process.dieWithParent = true
    plan.process.user = .name("alice")
    let probe = try box.start(plan)
    let workload = try Processes.pidfd(try #require(Int32(try probe.line("pid"))))
    kill(probe.pid, SIGKILL)
    _ = try probe.finish()
    #expect(try Descriptors.waitReadable(workload.number, milliseconds: 10_000))
  }
}

extension String {
  /// `id`'s groups in numerical order, so that the order of the call does not matter.
  fileprivate func replacingGroups() -> String {
    guard let start = range(of: "groups=") else { return self }
    let rest = self[start...]
    let end = rest.firstIndex(of: " ") ?? rest.endIndex
    let groups = rest[rest.index(rest.startIndex, offsetBy: 7)..<end].split(separator: ",")
    let sorted = groups.sorted { (Int($0.prefix { $0.isNumber }) ?? 0) < (Int($1.prefix { $0.isNumber }) ?? 0) }
    return self[..<start] + "groups=" + sorted.joined(separator: ",") + rest[end...]
  }

  private func range(of text: String) -> String.Index? {
    indices.first { self[$0...].hasPrefix(text) }
  }
}
