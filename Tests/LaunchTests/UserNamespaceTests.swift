// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Testing

@testable import Launch

@Suite struct UserNamespaceTests {
  private func mapped(_ box: Fixture, _ arguments: [String], cgroup: Bool = false) -> LaunchPlan {
    var plan = box.plan(arguments, cgroup: cgroup)
    plan.namespaces.append(NamespacePlan(.user))
    plan.uidMappings = [IDMapping(container: 0, host: 100_000, size: 65536)]
    plan.gidMappings = [IDMapping(container: 0, host: 200_000, size: 65536)]
    return plan
  }

  private func give(_ box: Fixture) {
    for path in ["rootfs", "upper", "work", "rootfs/tmp", "rootfs/dev", "rootfs/etc", "rootfs/root"] {
      lchown(box.directory + "/" + path, 100_000, 200_000)
    }
  }

  @Test func rootInsideIsNobodyOutside() throws {
    let box = try Fixture()
    give(box)
    chmod(box.directory, 0o700)
    try box.write("secret", "outside")
    var plan = mapped(
      box, ["sh", "-c", "id -u; cat /proc/self/uid_map; touch /tmp/made; stat -c %u /tmp/made; cat /data; echo x > /dev/null && echo null"],
      cgroup: true)
    plan.mounts.append(box.bind(box.directory + "/secret", "/data"))
    plan.process.rlimits = [Rlimit(resource: UInt32(RLIMIT_CORE.rawValue), soft: 0, hard: 0, required: true)]
    let result = try box.run(plan)
    #expect(result.exit == 0, "\(result)")
    #expect(
      result.outputLines.first == "0" && result.output.contains("100000") && result.output.contains("outside") && result.output.contains("null"),
      "\(result)")
    #expect(try Files.status(box.directory + "/upper/tmp/made").st_uid == 100_000)
    try box.expectNothingLeft()
  }

  @Test func aJoinedProcessEntersTheUserNamespace() throws {
    let box = try Fixture()
    give(box)
    let result = try box.run(mapped(box, ["sleep", "1000"], cgroup: true), exec: [box.process(["sh", "-c", "id -u; cat /proc/self/uid_map"])])
    #expect(result.lines("joined") == ["0"] && result.output.contains("100000"), "\(result)")
    try box.expectNothingLeft()
  }

  @Test func newNamespacesCanBelongToAUserNamespaceThatIsJoined() throws {
    let first = try Fixture()
    let second = try Fixture()
    give(first)
    give(second)
    let running = try first.start(mapped(first, ["sleep", "1000"]))
    let pid = try #require(Int32(try running.line("pid")))
    defer {
      kill(pid, SIGKILL)
      _ = try? running.finish()
    }
    var plan = second.plan(["sh", "-c", "readlink /proc/self/ns/user; echo $$; hostname"], cgroup: true)
    plan.namespaces.append(NamespacePlan(.user, path: "/proc/\(pid)/ns/user"))
    let result = try second.run(plan)
    #expect(result.outputLines == [try Files.readLink("/proc/\(pid)/ns/user"), "1", "box"], "\(result)")
    try second.expectNothingLeft()
  }

  /// A user namespace in which every ID stands for itself, with a handler that gives programs of a made-up kind to busybox: a file's name says what it does.
  private func handling(_ box: Fixture, _ arguments: [String]) -> LaunchPlan {
    var plan = box.plan(arguments, cgroup: true)
    plan.namespaces.append(NamespacePlan(.user))
    plan.uidMappings = [IDMapping(container: 0, host: 0, size: .max)]
    plan.gidMappings = plan.uidMappings
    plan.binaryFormats = [":hull-test:M::HULL::/bin/busybox:F"]
    plan.readonlyPaths = ["/proc/sys"]
    return plan
  }

  @Test func programsOfAnotherKindRunThroughAHandlerOfTheContainersOwn() throws {
    let box = try Fixture()
    let script = """
      printf HULL > /tmp/echo; chmod 755 /tmp/echo; /tmp/echo handled; chown 1000:1000 /tmp/echo; cat /proc/self/uid_map
      ls /proc/sys/fs/binfmt_misc; echo > /proc/sys/fs/binfmt_misc/register || echo refused
      """
    let result = try box.run(
      handling(box, ["sleep", "1000"]), exec: [box.process(["sh", "-c", script]), box.process(["/tmp/echo", "joined"])])
    #expect(result.outputLines.first == "handled" && result.output.contains("4294967295") && result.output.contains("joined"), "\(result)")
    #expect(result.output.contains("hull-test") && result.output.contains("refused"), "\(result)")
    #expect(try Files.status(box.directory + "/upper/tmp/echo").st_uid == 1000)
    #expect(access("/proc/sys/fs/binfmt_misc/hull-test", F_OK) != 0)
    try box.expectNothingLeft()
  }

  @Test func namespacesThatAreNotTheContainersOwnCanBeShared() throws {
    let (box, donor) = (try Fixture(), try Fixture())
    let running = try donor.start(donor.plan(["sleep", "1000"]))
    let pid = try #require(Int32(try running.line("pid")))
    defer {
      kill(pid, SIGKILL)
      _ = try? running.finish()
    }
    let shared: [(NamespacePlan.Kind, String)] = [(.network, "net"), (.ipc, "ipc"), (.uts, "uts"), (.pid, "pid")]
    for hosts in [false, true] {
      let names = shared.map(\.1).joined(separator: " ")
      var plan = handling(
        box, ["sh", "-c", "for n in \(names); do readlink /proc/self/ns/$n; done; ls /sys/class/net /dev/mqueue; test -d /proc/$$"])
      plan.hostname = nil
      plan.namespaces.removeAll { namespace in shared.contains { $0.0 == namespace.kind } }
      if !hosts { plan.namespaces += shared.map { NamespacePlan($0.0, path: "/proc/\(pid)/ns/\($0.1)") } }
      let result = try box.run(plan)
      let expected = try shared.map { try Files.readLink("/proc/\(hosts ? "self" : String(pid))/ns/\($0.1)") }
      #expect(result.exit == 0 && Array(result.outputLines.prefix(4)) == expected, "\(result)")
    }
    try box.expectNothingLeft()
  }

  @Test func handlersNeedAUserNamespace() throws {
    let box = try Fixture()
    var plan = box.plan(["true"])
    plan.binaryFormats = [":hull-test:M::HULL::/bin/busybox:F"]
    #expect(try box.run(plan).error?.contains("no user namespace") == true)
  }

  @Test func withoutAMappingThereIsNoUserNamespace() throws {
    let box = try Fixture()
    var plan = mapped(box, ["true"])
    plan.gidMappings = []
    #expect(try box.run(plan).error?.contains("no user or group mapping") == true)
  }
}
