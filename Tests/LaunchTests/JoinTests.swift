// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Testing

@testable import Launch

@Suite struct JoinTests {
  @Test func aJoinedProcessIsBehindTheSameWall() throws {
    let box = try Fixture()
    let plan = box.plan(["sleep", "1000"], cgroup: true)
    var second = box.process([
      "sh", "-c",
      "hostname; ps | grep -c 'sleep 1000'; cat /proc/1/cgroup > /tmp/a; cat /proc/self/cgroup > /tmp/b; cmp /tmp/a /tmp/b 2>/dev/null || diff /tmp/a /tmp/b; readlink /proc/1/ns/net /proc/self/ns/net | sort -u | wc -l",
    ])
    second.environment = ["PATH=/bin"]
    var third = box.process(["id", "-un"])
    third.user = .name("alice")
    let result = try box.run(plan, exec: [second, third, box.process(["sh", "-c", "exit 7"])])
    #expect(result.lines("joined") == ["0", "0", "7"], "\(result)")
    #expect(result.outputLines.first == "box" && result.outputLines.last == "alice", "\(result)")
    try box.expectNothingLeft()
  }

  @Test func whatGoesWrongInsideIsNamed() throws {
    let box = try Fixture()
    var lost = box.process(["true"])
    lost.cwd = "/not/there"
    var stranger = box.process(["true"])
    stranger.user = .name("carol")
    let result = try box.run(box.plan(["sleep", "1000"]), exec: [box.process(["nothing"]), lost, stranger])
    #expect(
      result.lines("error") == [
        "command not found\texec: \"nothing\": executable file not found in $PATH",
        "command not found\tchdir to cwd (\"/not/there\") set in config.json failed: no such file or directory",
        "invalid argument\tunable to find user carol: no matching entries in passwd file",
      ], "\(result)")
  }

  @Test func aJoinedProcessCanHaveATerminal() throws {
    let box = try Fixture()
    var shell = box.process(["sh", "-c", "tty; stty size; echo > /dev/tty && echo controlled"])
    shell.terminal = true
    shell.rows = 20
    shell.columns = 70
    let result = try box.run(box.plan(["sleep", "1000"]), exec: [shell, shell])
    #expect(result.lines("joined") == ["0", "0"] && result.output.contains("20 70") && result.output.contains("controlled"), "\(result)")
  }

  @Test func aProcessThatHasEndedCannotBeJoined() throws {
    let box = try Fixture()
    do {
      _ = try Launcher.join(JoinTarget(pid: 0x3fff_fff0), process: box.process(["true"]), stdio: StdioDescriptors(stdin: -1, stdout: -1, stderr: -1))
      Issue.record("joined a process that is not there")
    } catch {
      #expect(error.code == .conflict && error.message.contains("is not running"))
    }
  }

  @Test func aChrootedWorkloadIsJoinedInItsRoot() throws {
    let box = try Fixture()
    var plan = box.plan(["sleep", "1000"])
    plan.root.noPivot = true
    let result = try box.run(plan, exec: [box.process(["ls", "/bin/busybox"])])
    #expect(result.output == "/bin/busybox", "\(result)")
  }

  @Test func namespacesOfARunningWorkloadCanBeShared() throws {
    let first = try Fixture()
    let second = try Fixture()
    let running = try first.start(first.plan(["sh", "-c", "hostname first; sleep 1000 & wait"]))
    let pid = try #require(Int32(try running.line("pid")))
    defer {
      kill(pid, SIGKILL)
      _ = try? running.finish()
    }
    var plan = second.plan([
      "sh", "-c", "hostname; ps | grep -c 'sleep 1000'; readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; readlink /proc/self/ns/pid",
    ])
    plan.hostname = nil
    plan.namespaces = [
      NamespacePlan(.mount), NamespacePlan(.pid, path: "/proc/\(pid)/ns/pid"), NamespacePlan(.network, path: "/proc/\(pid)/ns/net"),
      NamespacePlan(.ipc, path: "/proc/\(pid)/ns/ipc"), NamespacePlan(.uts, path: "/proc/\(pid)/ns/uts"),
    ]
    while try !Files.readText("/proc/\(pid)/task/\(pid)/children").contains(where: \.isNumber) { usleep(2000) }
    let result = try second.run(plan)
    let expected = try ["net", "ipc", "pid"].map { try Files.readLink("/proc/\(pid)/ns/\($0)") }
    #expect(result.outputLines.first == "first" && Array(result.outputLines.suffix(3)) == expected, "\(result)")
  }

  @Test func aMountNamespaceCanBeSharedAndKeepsNothingAfterAFailure() throws {
    let first = try Fixture()
    let second = try Fixture()
    let running = try first.start(first.plan(["sleep", "1000"]))
    let pid = try #require(Int32(try running.line("pid")))
    defer {
      kill(pid, SIGKILL)
      _ = try? running.finish()
    }
    // Inside the first one's root the second one's directories are not there: only a namespace that shows the host's will do.
    var plan = second.plan(["ls", "/bin/busybox"])
    plan.namespaces[0] = NamespacePlan(.mount, path: "/proc/\(pid)/ns/mnt")
    #expect(try second.run(plan).error?.contains("mount the root of") == true)
    let host = try Subprocess.start("/usr/bin/unshare", ["unshare", "-m", "/bin/busybox", "sleep", "1000"], environment: [])
    defer {
      kill(host, SIGKILL)
      _ = try? Processes.reap(host)
    }
    while try Files.readText("/proc/\(host)/comm") != "busybox" { usleep(2000) }
    plan.namespaces[0].path = "/proc/\(host)/ns/mnt"
    let mounts = { try Files.readText("/proc/\(host)/mountinfo", limit: 16 << 20) }
    plan.process.arguments = ["nothing"]
    #expect(try second.run(plan).error?.contains("not found in $PATH") == true)
    #expect(try !mounts().contains(second.directory))
    plan.process.arguments = ["ls", "/bin/busybox"]
    let result = try second.run(plan)
    #expect(result.output == "/bin/busybox", "\(result)")
    #expect(try mounts().contains(second.directory), "the namespace's owner takes the mounts away")
    try second.expectNothingLeft()
  }
}
