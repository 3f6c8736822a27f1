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

  @Test func withoutAMappingThereIsNoUserNamespace() throws {
    let box = try Fixture()
    var plan = mapped(box, ["true"])
    plan.gidMappings = []
    #expect(try box.run(plan).error?.contains("no user or group mapping") == true)
  }
}
