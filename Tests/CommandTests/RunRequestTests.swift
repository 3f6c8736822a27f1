// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Testing

@testable import HullCommands

@Suite struct RunRequestTests {
  private func body(_ words: [String], detached: Bool = false) throws -> JSON {
    let flags = RunFlags.run
    let call = try #require(try FlagParser(flags: flags, interspersed: false).parse(words, into: Invocation(path: "run", flags: flags, host: nil)))
    return try RunRequest(call, detached: detached).body()
  }

  @Test func aPlainRunAttachesOutputOnly() throws {
    let body = try body(["busybox", "ls", "-l"])
    #expect(body["Image"] == "busybox")
    #expect(body["Cmd"] == ["ls", "-l"])
    #expect(body["AttachStdin"] == false)
    #expect(body["AttachStdout"] == true)
    #expect(body["AttachStderr"] == true)
    #expect(body["OpenStdin"] == false)
    #expect(body["HostConfig"]["NetworkMode"] == "default")
    #expect(body["HostConfig"]["RestartPolicy"]["Name"] == "no")
    #expect(body["Entrypoint"].isNull)
  }

  @Test func interactiveInputEndsWithTheFirstClient() throws {
    let body = try body(["-it", "busybox"])
    #expect(body["OpenStdin"] == true)
    #expect(body["StdinOnce"] == true)
    #expect(body["Tty"] == true)
    #expect(body["AttachStdin"] == true)
    let detached = try self.body(["-dit", "busybox"], detached: true)
    #expect(detached["OpenStdin"] == true)
    #expect(detached["StdinOnce"] == false)
    #expect(detached["AttachStdout"] == false)
  }

  @Test func limitsAreInTheAPIsUnits() throws {
    let host = try body([
      "-m", "64m", "--cpus", "1.5", "--memory-swap", "-1", "--pids-limit", "20", "--ulimit", "nofile=10:20", "--shm-size", "1g", "x",
    ])["HostConfig"]
    #expect(host["Memory"] == 67_108_864)
    #expect(host["NanoCpus"] == 1_500_000_000)
    #expect(host["MemorySwap"] == -1)
    #expect(host["PidsLimit"] == 20)
    #expect(host["Ulimits"] == [["Name": "nofile", "Hard": 20, "Soft": 10]])
    #expect(host["ShmSize"] == 1_073_741_824)
  }

  @Test func volumesAreBindsOrAnonymous() throws {
    let body = try body(["-v", "/a:/b:ro", "-v", "/anon", "-v", "data:/c", "-v", "./rel:/d", "--tmpfs", "/t:size=1m", "x"])
    let binds = body["HostConfig"]["Binds"].strings
    #expect(binds[0] == "/a:/b:ro")
    #expect(binds[1] == "data:/c")
    #expect(binds[2].hasPrefix("/"))
    #expect(binds[2].hasSuffix("/rel:/d"))
    #expect(body["Volumes"] == ["/anon": [:]])
    #expect(body["HostConfig"]["Tmpfs"] == ["/t": "size=1m"])
  }

  @Test func anEmptyEntrypointIsSent() throws {
    #expect(try body(["--entrypoint", "", "x"])["Entrypoint"] == [""])
    #expect(try body(["--entrypoint", "/bin/ls", "x"])["Entrypoint"] == ["/bin/ls"])
  }

  @Test(arguments: [
    (["--rm", "--restart", "always", "x"], "conflicting options: cannot specify both --restart and --rm"),
    (["--memory-swappiness", "300", "x"], "invalid value: 300. Valid memory swappiness range is 0-100"),
    (["--pid", "foo", "x"], "--pid: invalid PID mode"), (["-p", "x:80", "x"], "invalid hostPort: x"),
    (["-p", "80:y", "x"], "invalid containerPort: y"),
    (["-p", "1-3:80-81", "x"], "invalid ranges specified for container and host Ports: 80-81 and 1-3"),
    (["-p", "80/foo", "x"], "invalid proto: foo"),
    (["--device", "a:b:c:d", "x"], "bad format for path: a:b:c:d"), (["--security-opt", "foo", "x"], "invalid --security-opt: \"foo\""),
    (["--log-driver", "none", "--log-opt", "a=b", "x"], "invalid logging opts for driver none"),
    (["--no-healthcheck", "--health-cmd", "x", "x"], "--no-healthcheck conflicts with --health-* options"),
    (["--network", "a", "--network", "a", "x"], "network \"a\" is specified multiple times"),
    (["--restart", "on-failure:x", "x"], "invalid restart policy format: maximum retry count must be an integer"),
  ])
  func contradictionsAreRefused(words: [String], message: String) {
    let error = #expect(throws: HullError.self) { try body(words) }
    #expect(error?.message == message)
  }

  @Test func environmentFilesAreRead() throws {
    let path = "/tmp/hull-env-\(getpid())"
    defer { unlink(path) }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    _ = Output.writeAll(descriptor, Array("# note\n\nA=1 2\n  B=x=y\nHOME\nHULL_NOT_SET_ANYWHERE\nC=\r\n".utf8))
    close(descriptor)
    let read = try KeyValueFiles.read([path], then: ["Z=1"], isEnvironment: true)
    var expected = ["A=1 2", "B=x=y"]
    if let home = Environment.value("HOME") { expected.append("HOME=\(home)") }
    expected += ["C=", "Z=1"]
    #expect(read == expected)
    #expect(throws: FileError.self) { try KeyValueFiles.read(["/nope"], then: [], isEnvironment: true) }
  }

  @Test func publishedPortsFollowDockersGrammar() throws {
    typealias Binding = PortSpec.Binding
    #expect(try PortSpec.published("8080:80") == [Binding(port: "80/tcp", hostIP: "", hostPort: "8080")])
    #expect(try PortSpec.published("80") == [Binding(port: "80/tcp", hostIP: "", hostPort: "")])
    #expect(try PortSpec.published("127.0.0.1::53/udp") == [Binding(port: "53/udp", hostIP: "127.0.0.1", hostPort: "")])
    #expect(try PortSpec.published("[::1]:8080:80") == [Binding(port: "80/tcp", hostIP: "::1", hostPort: "8080")])
    #expect(try PortSpec.published("9000-9010:90") == [Binding(port: "90/tcp", hostIP: "", hostPort: "9000-9010")])
    #expect(try PortSpec.published("1-2:3-4").map(\.hostPort) == ["1", "2"])
    #expect(try PortSpec.published("target=80,published=81,protocol=udp") == [Binding(port: "80/udp", hostIP: "", hostPort: "81")])
    #expect(try PortSpec.exposed("10-12/udp") == ["10/udp", "11/udp", "12/udp"])
    for text in ["", ":", "a:b:c", "70000:80", "1:2:3:4:5", "80-70:1", "x.y.z.w:1:1"] {
      #expect(throws: HullError.self) { try PortSpec.published(text) }
    }
  }

  @Test func mountsFollowDockersGrammar() throws {
    let mount = try MountSpec.parse("type=bind,src=/a,\"dst=/b,c\",ro,bind-propagation=rslave")
    #expect(mount == ["Type": "bind", "Source": "/a", "Target": "/b,c", "ReadOnly": true, "BindOptions": ["Propagation": "rslave"]])
    #expect(try MountSpec.parse("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700")["TmpfsOptions"] == ["SizeBytes": 1_048_576, "Mode": 448])
    for text in ["", "type=bind,foo=bar,target=/x", "type=bind,source=/a", "type=tmpfs,target=/t,bind-propagation=private", "nokey", "\"open"] {
      #expect(throws: HullError.self) { try MountSpec.parse(text) }
    }
  }

  @Test func exitCodesTellWhatWentWrong() {
    func status(_ message: String) -> Int32 { ContainerRun.failed(EngineFailure(status: 400, message: message), "run").status }
    #expect(status("exec: \"x\": executable file not found in $PATH") == 127)
    #expect(status("exec: \"/x\": stat /x: no such file or directory") == 127)
    #expect(status("exec: \"/etc\": permission denied") == 126)
    #expect(status("exec: \"/etc\": is a directory") == 126)
    #expect(status("No such image: x:latest") == 125)
  }
}
