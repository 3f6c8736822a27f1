// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ShimProtocol
import Testing

/// Processes with a pseudo-terminal.
struct TerminalTests {
  @Test(arguments: Wall.available) func aTerminalIsRawBothWaysAndLoggedAsStdout(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    let client = try shim.attach(stdin: true)
    try control.ask(.resize(process: "", rows: 33, columns: 99))
    _ = try control.launch(shim.script("stty size; tty; read x; echo got $x >&2; exit 2", terminal: true, stdin: .openOnce))
    try client.read(until: "/dev/pts/0")
    client.send("abc\n")
    let text = try client.text()
    #expect(text.contains("33 99\r\n"))
    #expect(text.contains("got abc\r\n"))
    #expect(try control.status().exit?.code == 2)
    #expect(try shim.logged("stdout").contains("got abc\r\n"))
    #expect(try shim.logged("stderr").isEmpty)
  }

  @Test(arguments: Wall.available) func aResizeReachesTheProcess(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    let client = try shim.attach(stdin: true)
    _ = try control.launch(shim.script("trap 'stty size' WINCH; echo ready; while true; do sleep 0.05; done", terminal: true, stdin: .open))
    try client.read(until: "ready")
    try control.ask(.resize(process: "", rows: 11, columns: 222))
    try client.read(until: "11 222")
  }

  @Test(arguments: Wall.available) func anExecHasATerminalOfItsOwn(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    _ = try control.launch(shim.script("sleep 100"))
    let client = try shim.attach("e1", stdin: true)
    try control.ask(.resize(process: "e1", rows: 12, columns: 34))
    _ = try control.exec(shim.exec("e1", "read x; stty size; echo $x; exit 5", terminal: true, openStdin: true))
    client.send("typed\n")
    let text = try client.text()
    #expect(text.contains("12 34\r\n"))
    #expect(text.hasSuffix("typed\r\n"))
    try eventually("the exit code is known") { try control.status().execs.first?.exit?.code == 5 }
  }

  @Test func controlCInterruptsTheForegroundProcess() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach(stdin: true)
    _ = try control.launch(
      shim.script("trap 'echo caught; exit 4' INT; echo ready; while true; do sleep 0.05; done", terminal: true, stdin: .openOnce))
    try client.read(until: "ready")
    client.send("\u{3}")
    #expect(try client.text().contains("caught\r\n"))
    #expect(try control.status().exit?.code == 4)
  }

  @Test func theEndOfAClientsInputDetachesIt() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach(stdin: true)
    _ = try control.launch(shim.script("echo up; sleep 100", terminal: true, stdin: .openOnce))
    try client.read(until: "up")
    client.endInput()
    _ = try client.readAll()
    #expect(try control.status().state == .running)
  }

  @Test func lastWordsOnATerminalAreNotLost() throws {
    for _ in 0..<20 {
      let shim = try ShimProcess()
      let control = try shim.connect()
      let client = try shim.attach()
      _ = try control.launch(shim.script("seq 1 3000; echo end", terminal: true))
      #expect(try client.text() == (1...3000).map { "\($0)\r\n" }.joined() + "end\r\n")
    }
  }

  @Test func aTerminalThatNobodyHoldsOpenDoesNotSpin() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("exec sleep 100 </dev/null >/dev/null 2>&1", terminal: true))
    usleep(300_000)
    let before = try cpuTicks(shim.pid)
    usleep(500_000)
    #expect(try cpuTicks(shim.pid) - before <= 1)
  }
}
