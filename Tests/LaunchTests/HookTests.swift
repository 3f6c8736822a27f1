// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Testing

@testable import Launch

@Suite struct HookTests {
  private func hook(_ script: String, timeout: Int32? = nil) -> HookPlan.Hook {
    HookPlan.Hook(path: "/bin/busybox", arguments: ["sh", "-c", script], environment: ["PATH=/bin:/usr/bin"], timeout: timeout)
  }

  @Test func hooksRunInTheirPlaceWithTheState() throws {
    let box = try Fixture()
    let log = box.directory + "/log"
    let result = try box.run("echo program; cat /started") {
      $0.hooks.bundle = box.directory
      $0.hooks.annotations = [Setting("key", "va\"lue")]
      $0.hooks.prestart = [hook("echo prestart >> \(log); cat >> \(log); hostname >> \(log)")]
      $0.hooks.createRuntime = [hook("echo createRuntime >> \(log)")]
      $0.hooks.createContainer = [hook("echo createContainer $(hostname) >> \(log)")]
      $0.hooks.startContainer = [hook("cat > /started")]
    }
    let lines = try Files.readText(log).split(separator: "\n").map(String.init)
    #expect(lines.first == "prestart" && lines.suffix(2) == ["createRuntime", "createContainer box"], "\(lines)")
    #expect(
      lines[1].hasPrefix("{\"ociVersion\":\"1.2.0\",\"id\":\"\(box.id)\",\"status\":\"creating\",\"pid\":") && lines[1].contains("\"va\\\"lue\""))
    #expect(result.outputLines.first == "program" && result.output.contains("\"status\":\"created\",\"pid\":1,"), "\(result)")
    try box.expectNothingLeft()
  }

  @Test func aHookThatFailsEndsTheLaunch() throws {
    let box = try Fixture()
    var plan = box.plan(["true"], cgroup: true)
    plan.hooks.createRuntime = [hook("echo why >&2; exit 3")]
    #expect(try box.run(plan).error == "internal error: hook /bin/busybox of \(box.id) failed with exit code 3: why")
    try box.expectNothingLeft()
    plan.hooks.createRuntime = []
    plan.hooks.createContainer = [hook("exit 4")]
    #expect(try box.run(plan).error?.contains("failed with exit code 4") == true)
    plan.hooks.createContainer = [HookPlan.Hook(path: "/not/there", arguments: [], environment: [], timeout: nil)]
    #expect(try box.run(plan).error?.contains("exec /not/there: no such file or directory") == true)
    try box.expectNothingLeft()
  }

  @Test func aHookThatTakesTooLongIsKilled() throws {
    let box = try Fixture()
    var plan = box.plan(["true"], cgroup: true)
    plan.hooks.prestart = [hook("sleep 1000", timeout: 1)]
    #expect(try box.run(plan).error?.contains("ran longer than 1 seconds and was killed") == true)
    try box.expectNothingLeft()
  }
}
