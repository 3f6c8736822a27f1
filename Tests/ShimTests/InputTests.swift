// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ShimProtocol
import Testing

/// Standard input: who can send it and when it ends.
struct InputTests {
  @Test(arguments: Wall.available) func inputSentBeforeTheLaunchArrives(wall: Wall) throws {
    let shim = try ShimProcess(wall)
    let control = try shim.connect()
    let client = try shim.attach(stdin: true)
    client.send("early\n")
    client.endInput()
    _ = try control.launch(shim.script("cat; echo eof", stdin: .openOnce))
    #expect(try client.demultiplexed().stdout == "early\neof\n")
  }

  @Test func withoutInputTheProcessReadsNothing() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach()
    _ = try control.launch(shim.script("cat; echo eof"))
    #expect(try client.demultiplexed().stdout == "eof\n")
  }

  @Test func openOnceEndsWhenTheFirstClientVanishes() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    _ = try control.launch(shim.script("cat >/dev/null; exit 6", stdin: .openOnce))
    var client: AttachedClient? = try shim.attach(stdin: true)
    client?.send("x")
    client = nil
    #expect(try control.waitForExit().code == 6)
  }

  @Test func aClientThatSentAndVanishedBeforeTheLaunchIsStillHeard() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    var client: AttachedClient? = try shim.attach(stdin: true)
    client?.send("7\n")
    client = nil
    _ = try control.launch(shim.script("read n; cat; exit $n", stdin: .openOnce))
    #expect(try control.waitForExit().code == 7)
  }

  @Test func openSurvivesItsClients() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    _ = try control.launch(shim.script("read a; read b; echo $a-$b", stdin: .open))
    let first = try shim.attach(stdin: true)
    first.send("one\n")
    first.endInput()
    #expect(try first.demultiplexed().stdout == "", "the end of its input detaches the client, as in Docker")
    let second = try shim.attach(stdin: true)
    second.send("two\n")
    #expect(try second.demultiplexed().stdout == "one-two\n")
  }

  @Test func closeStdinEndsTheInput() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    try control.ask(.subscribe)
    _ = try control.launch(shim.script("cat >/dev/null; exit 8", stdin: .open))
    try control.ask(.closeStdin(process: ""))
    #expect(try control.waitForExit().code == 8)
  }

  @Test func aLotOfInputPassesThrough() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach(stdin: true)
    _ = try control.launch(shim.script("sleep 0.3; cat", stdin: .openOnce))
    let text = String(repeating: "0123456789abcde\n", count: 200_000)
    let socket = client.socket
    let sender = Thread {
      text.withCString { pointer in
        var sent = 0
        while sent < text.utf8.count {
          let count = Glibc.send(socket, pointer + sent, text.utf8.count - sent, Int32(MSG_NOSIGNAL))
          if count <= 0 { break }
          sent += count
        }
      }
      shutdown(socket, Int32(SHUT_WR))
    }
    sender.start()
    #expect(try client.demultiplexed().stdout == text)
  }

  @Test func inputThatNobodyReadsHoldsItsSenderBack() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach(stdin: true)
    _ = try control.launch(shim.script("sleep 100", stdin: .openOnce))
    var sent = 0
    let block = [UInt8](repeating: 0x61, count: 65536)
    while sent < 50_000_000 {
      let count = send(client.socket, block, block.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      if count < 0 {
        usleep(100_000)
        if send(client.socket, block, block.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) < 0 { break }
      } else {
        sent += count
      }
    }
    #expect(sent < 5_000_000)
  }
}
