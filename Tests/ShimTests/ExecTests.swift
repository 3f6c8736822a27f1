// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import ShimProtocol
import Testing

/// Further processes in a running workload.
struct ExecTests {
  @Test(arguments: Wall.available) func anExecHasItsOwnOutputAndExitCode(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    try control.ask(.subscribe)
    _ = try control.launch(shim.script("sleep 100"))
    let client = try shim.attach("e1")
    let pid = try control.exec(shim.exec("e1", "echo $(hostname) in; echo bad >&2; exit 9"))
    #expect(pid > 0)
    #expect(try client.demultiplexed() == ("\(shim.id) in\n", "bad\n"))
    #expect(try control.waitForExit("e1").code == 9)
    #expect(control.events.contains(.execStarted(process: "e1", pid: pid)))
    let status = try control.status()
    #expect(status.state == .running)
    #expect(status.execs.map(\.exit?.code) == [9])
    #expect(try shim.logged() == [], "an exec's output is not the container's log")
  }

  @Test(arguments: Wall.available) func anExecReadsItsInput(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    let client = try shim.attach("e1", stdin: true)
    client.send("hello ")
    _ = try control.exec(shim.exec("e1", "cat; echo eof", openStdin: true))
    client.send("world\n")
    client.endInput()
    #expect(try client.demultiplexed().stdout == "hello world\neof\n")
  }

  @Test func manyExecsRunAtOnce() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    let before = try shim.openDescriptors()
    let clients = try (0..<20).map { try shim.attach("e\($0)") }
    for index in 0..<20 { _ = try control.exec(shim.exec("e\(index)", "sleep 0.2; echo \(index); exit \(index)")) }
    for (index, client) in clients.enumerated() { #expect(try client.demultiplexed().stdout == "\(index)\n") }
    let execs = try control.status().execs.sorted { $0.exit?.code ?? 0 < $1.exit?.code ?? 0 }
    #expect(execs.map(\.exit?.code) == (0..<20).map { Int32($0) })
    try eventually("all descriptors of execs are closed") { try shim.openDescriptors() == before }
  }

  @Test func theKilledWorkloadTakesItsExecsAlong() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    _ = try control.launch(shim.script("sleep 100"))
    let client = try shim.attach("e1")
    _ = try control.exec(shim.exec("e1", "echo up; sleep 100"))
    try client.read(until: "up")
    try control.ask(.signal(process: "", number: SIGKILL))
    #expect(try control.waitForExit("e1").code == 137)
    #expect(try control.waitForExit().code == 137)
    #expect(try client.demultiplexed().stdout == "up\n")
  }

  @Test(arguments: Wall.available) func aCommandThatIsMissingIsNamed(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    let client = try shim.attach("e1")
    var request = try shim.exec("e1", "")
    request.process.arguments = ["nonsense"]
    try wall.prepare(&request)
    #expect { try control.exec(request) } throws: {
      ($0 as? HullError)?.code == .commandNotFound && "\($0)".contains(#"exec: "nonsense": executable file not found in $PATH"#)
    }
    #expect(try client.readAll().isEmpty)
    #expect(try control.status().execs.isEmpty)
    _ = try control.exec(shim.exec("e1", "true"))
  }

  @Test func anExecIDIsUsedOnce() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    _ = try control.exec(shim.exec("e1", "sleep 100"))
    #expect { try control.exec(shim.exec("e1", "true")) } throws: { ($0 as? HullError)?.code == .conflict }
    #expect { try control.exec(shim.exec("", "true")) } throws: { ($0 as? HullError)?.code == .invalidArgument }
  }

  @Test func whatAnExecLeavesBehindDoesNotHoldItsClientForEver() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    _ = try control.launch(shim.script("sleep 100"))
    let client = try shim.attach("e1")
    let start = Date()
    _ = try control.exec(shim.exec("e1", "sleep 100 & (sleep 0.5; echo late) & echo now"))
    #expect(try client.demultiplexed().stdout == "now\nlate\n")
    #expect(try control.waitForExit("e1").code == 0)
    #expect(Date().timeIntervalSince(start) < 5)
  }

  @Test func anEndedExecIsRememberedAMeasuredTime() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    _ = try control.launch(shim.script("sleep 100"))
    for index in 0..<(ShimProtocol.rememberedExecs + 5) {
      _ = try control.exec(shim.exec("e\(index)", "exit 1"))
      _ = try control.waitForExit("e\(index)")
    }
    #expect(try control.status().execs.count == ShimProtocol.rememberedExecs)
  }
}
