// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import OCISpec
import Testing

@testable import Engine

@Suite struct ContainerRuleTests {
  @Test(arguments: ["a", "-a", "a b", "", "/", "a/b", "ä"])
  func badNamesAreRefused(name: String) {
    let error = #expect(throws: HullError.self) { try ContainerNames.validated(name) }
    #expect(error?.message == "Invalid container name (\(name)), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
  }

  @Test func goodNamesLoseTheirSlash() throws {
    #expect(try ContainerNames.validated("/web-1.a_b") == "web-1.a_b")
    for attempt in 0..<3 { #expect(throws: Never.self) { try ContainerNames.validated(ContainerNames.random(attempt: attempt)) } }
  }

  @Test func theBackOffDoublesAndStartsAgainAfterAHealthyRun() {
    var backOff = RestartBackOff()
    #expect((0..<4).map { _ in backOff.next(after: 1) } == [100_000_000, 200_000_000, 400_000_000, 800_000_000])
    #expect(backOff.next(after: 10_000_000_000) == 100_000_000)
    for _ in 0..<20 { _ = backOff.next(after: 0) }
    #expect(backOff.delay == 60_000_000_000)
  }

  @Test func policiesDecideWhatIsStartedAgain() {
    var policy = RestartPolicy()
    policy.name = "on-failure"
    policy.maximumRetryCount = 2
    #expect(policy.restarts(exitCode: 1, count: 1, manuallyStopped: false))
    #expect(!policy.restarts(exitCode: 1, count: 2, manuallyStopped: false))
    #expect(!policy.restarts(exitCode: 0, count: 0, manuallyStopped: false))
    policy.name = "always"
    #expect(policy.restarts(exitCode: 0, count: 99, manuallyStopped: false))
    #expect(!policy.restarts(exitCode: 0, count: 0, manuallyStopped: true))
    #expect(throws: HullError.self) { try policy.validate() }
  }

  @Test func theImageCompletesTheConfiguration() throws {
    var image = ProcessConfig()
    image.environment = ["PATH=/image", "LANG=C"]
    image.entrypoint = ["/entry"]
    image.command = ["serve"]
    image.labels = ["a": "image", "b": "image"]
    image.volumes = ["/data"]
    image.workingDirectory = "/srv"
    var config = ContainerConfig()
    config.env = ["PATH=/own"]
    config.labels = ["a": "own"]
    try config.complete(with: image)
    #expect(config.commandLine == ["/entry", "serve"])
    #expect(config.env == ["PATH=/own", "LANG=C"])
    #expect(config.labels == ["a": "own", "b": "image"])
    #expect(config.volumes?.keys.sorted() == ["/data"])
    #expect(config.workingDir == "/srv")
  }

  @Test func anOwnEntrypointDropsTheImagesCommand() throws {
    var image = ProcessConfig()
    image.entrypoint = ["/entry"]
    image.command = ["serve"]
    var own = ContainerConfig()
    own.entrypoint = ["/bin/sh"]
    try own.complete(with: image)
    #expect(own.commandLine == ["/bin/sh"])
    var command = ContainerConfig()
    command.cmd = ["other"]
    try command.complete(with: image)
    #expect(command.commandLine == ["/entry", "other"])
    var reset = ContainerConfig()
    reset.entrypoint = [""]
    reset.cmd = ["ls"]
    try reset.complete(with: image)
    #expect(reset.commandLine == ["ls"])
    var nothing = ContainerConfig()
    let error = #expect(throws: HullError.self) { try nothing.complete(with: ProcessConfig()) }
    #expect(error?.message == "no command specified")
  }

  @Test func environmentValuesReplaceByName() {
    #expect(Environment.replaced(["A=1", "B=2"], by: ["B=3", "C=4", "A"]) == ["B=3", "C=4"])
  }

  @Test(arguments: [("9", 9), ("KILL", 9), ("sigterm", 15), ("RTMIN+3", 37), ("RTMAX", 64)] as [(String, Int32)])
  func signalsGoByNameAndNumber(text: String, number: Int32) throws { #expect(try Signals.parse(text) == number) }

  @Test(arguments: ["0", "65", "SIGFOO", "", "-1"])
  func otherSignalsAreRefused(text: String) {
    #expect(throws: HullError.self) { try Signals.parse(text) }
  }

  @Test func detachKeysAreFoundAcrossReads() throws {
    var scanner = try #require(DetachScanner(keys: try DetachScanner.parse("ctrl-p,ctrl-q")))
    #expect(scanner.feed([1, 16]).pass == [1])
    let again = scanner.feed([16, 17])
    #expect(again.detached)
    var other = try #require(DetachScanner(keys: [16, 17]))
    _ = other.feed([16])
    #expect(other.feed([65]).pass == [16, 65])
    #expect(throws: HullError.self) { try DetachScanner.parse("ctrl-,a") }
  }

  @Test func limitsAreCheckedInDockersWords() {
    var validation = Validation(runtimes: ["hull"], defaultRuntime: "hull")
    var host = HostConfig()
    host.memory = 4096
    let small = #expect(throws: HullError.self) { try validation.check(&host) }
    #expect(small?.message == "Minimum memory limit allowed is 6MB")
    host = HostConfig()
    host.autoRemove = true
    host.restartPolicy.name = "always"
    let both = #expect(throws: HullError.self) { try validation.check(&host) }
    #expect(both?.message == "can't create 'AutoRemove' container with restart policy")
    host = HostConfig()
    host.runtime = "kata"
    let runtime = #expect(throws: HullError.self) { try validation.check(&host) }
    #expect(runtime?.message == "unknown or invalid runtime name: kata")
  }

  @Test func defaultsAreFilledIn() throws {
    var validation = Validation(runtimes: ["hull"], defaultRuntime: "hull")
    var host = HostConfig()
    try validation.check(&host)
    #expect(host.restartPolicy.name == "no")
    #expect(host.shmSize == 64 << 20)
    #expect(host.runtime == "hull")
    #expect(host.logConfig.type == "json-file")
    #expect(host.ipcMode == "private")
  }

  @Test func usersAreFoundInTheContainersFiles() throws {
    let users = UserLookup(passwd: "root:x:0:0::/root:/bin/sh\nbob:x:1000:100::/:\n", group: "root:x:0:\nusers:x:100:\nwheel:x:10:alice,bob\n")
    let bob = try users.user("bob")
    #expect(bob.uid == 1000 && bob.gid == 100 && bob.additionalGids == [10])
    let grouped = try users.user("1000:wheel", groups: ["users", "7"])
    #expect(grouped.uid == 1000 && grouped.gid == 10 && grouped.additionalGids == [100, 7])
    #expect(try users.user("4242").gid == 0)
    let error = #expect(throws: HullError.self) { try users.user("eve") }
    #expect(error?.message == "unable to find user eve: no matching entries in passwd file")
  }

  @Test func exitRecordsAreRead() {
    #expect(ExitRecord.parse("137 1795348800000000000 1\n")?.code == 137)
    #expect(ExitRecord.parse("137 1795348800000000000 1\n")?.oomKilled == true)
    #expect(ExitRecord.parse("garbage") == nil)
  }

  @Test func deviceRulesAreParsed() throws {
    let rule = try DeviceRules.parse("c 1:* rwm")
    #expect(rule.type == "c" && rule.major == 1 && rule.minor == nil && rule.access == "rwm")
    #expect(throws: HullError.self) { try DeviceRules.parse("x 1:2 r") }
  }

  @Test func cpuListsAreCompared() {
    #expect(HostFeatures.isSubset("0-1,3", of: "0-3") == true)
    #expect(HostFeatures.isSubset("4", of: "0-3") == false)
    #expect(HostFeatures.isSubset("1-0", of: "0-3") == nil)
  }
}
