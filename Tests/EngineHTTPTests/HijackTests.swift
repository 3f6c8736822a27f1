// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import NIOCore
import Synchronization
import Testing

@testable import EngineHTTP

/// A client's connection handed over and glued to one end of a socket pair, whose other end plays the workload.
@Suite struct HijackTests {
  private func withWorkload(
    stopAt stop: UInt8? = nil, _ test: @escaping @Sendable (RawClient, RawClient) -> Void
  ) async throws {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let near = ends[0]
    let workload = RawClient(descriptor: ends[1])
    try await withServer(
      routes: { router in
        router.add("POST", "/attach") { _ in
          .hijack(
            Hijack(
              protocolName: "tcp", headers: ["Content-Type": "application/vnd.docker.raw-stream"],
              install: { client in
                let filter: Glue.InputFilter? = stop.map { stop in
                  { bytes in
                    let all = Array(bytes.readableBytesView)
                    guard let end = all.firstIndex(of: stop) else { return (bytes, false) }
                    return (ByteBuffer(bytes: all[..<end]), true)
                  }
                }
                return Glue.join(client, to: near, filter: NIOLoopBound(filter, eventLoop: client.eventLoop), onStop: {})
              }, abandon: {}))
        }
      },
      test: { server in
        await server.connect { client in test(client, workload) }
      })
  }

  private static let upgrade = "POST /attach HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

  @Test func bytesFlowBothWaysAndEachInputEndsOnItsOwn() async throws {
    try await withWorkload { client, workload in
      client.send(Self.upgrade)
      let head = client.readHead()
      #expect(head.status == 101)
      #expect(head.headers["connection"] == "Upgrade")
      #expect(head.headers["upgrade"] == "tcp")
      client.send("input")
      #expect(workload.readText(5) == "input")
      client.send("last")
      client.closeInput()
      #expect(String(decoding: workload.readToEnd(), as: UTF8.self) == "last")
      workload.send("output after the end of input")
      workload.close()
      #expect(String(decoding: client.readToEnd(), as: UTF8.self) == "output after the end of input")
    }
  }

  @Test func withoutAnUpgradeTheAnswerIs200AndTheBytesBehindTheRequestAreInput() async throws {
    try await withWorkload { client, workload in
      client.send("POST /attach HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n")
      client.closeInput()
      let head = client.readHead()
      #expect(head.status == 200)
      #expect(head.headers["content-type"] == "application/vnd.docker.raw-stream")
      #expect(String(decoding: workload.readToEnd(), as: UTF8.self) == "GET / HTTP/1.1\r\n\r\n")
      workload.send("done")
      workload.close()
      #expect(String(decoding: client.readToEnd(), as: UTF8.self) == "done")
    }
  }

  @Test func aLongOutputIsCompleteAlthoughTheWorkloadEndsAtOnce() async throws {
    try await withWorkload { client, workload in
      client.send(Self.upgrade)
      _ = client.readHead()
      let writer = Thread {
        for _ in 0..<512 { workload.send([UInt8](repeating: 7, count: 64 * 1024)) }
        workload.close()
      }
      writer.start()
      #expect(client.readToEnd().count == 32 << 20)
    }
  }

  @Test func megabytesGoInAndComeBackAndTheEndOfInputArrives() async throws {
    try await withWorkload { client, workload in
      client.send(Self.upgrade)
      _ = client.readHead()
      let total = 32 << 20
      Thread {
        for _ in 0..<512 { client.send([UInt8](repeating: 7, count: total / 512)) }
        client.closeInput()
      }.start()
      // Like cat: what comes in goes out; at the end of input it ends.
      Thread {
        while case let bytes = workload.readSome(), !bytes.isEmpty { workload.send(bytes) }
        workload.close()
      }.start()
      #expect(client.readToEnd().count == total)
    }
  }

  @Test func theHeadArrivesAlone() async throws {
    try await withWorkload { client, workload in
      workload.send("output that was there before")
      client.send(Self.upgrade)
      usleep(2000)
      let first = String(decoding: client.readSome(), as: UTF8.self)
      #expect(first.hasPrefix("HTTP/1.1 101 UPGRADED\r\n") && first.hasSuffix("\r\n\r\n"))
      workload.close()
      #expect(String(decoding: client.readToEnd(), as: UTF8.self) == "output that was there before")
    }
  }

  @Test func aSlowReaderStopsTheOtherSide() async throws {
    try await withWorkload { client, workload in
      client.send(Self.upgrade)
      _ = client.readHead()
      #expect(workload.sendUntilStuck(limit: 64 << 20) < 4 << 20)
      #expect(client.sendUntilStuck(limit: 64 << 20) < 4 << 20)
    }
  }

  @Test func aClientThatVanishesIsTheEndOfInput() async throws {
    try await withWorkload { client, workload in
      client.send(Self.upgrade)
      _ = client.readHead()
      client.send("bye")
      client.close()
      #expect(String(decoding: workload.readToEnd(), as: UTF8.self) == "bye")
    }
  }

  @Test func theFilterEndsTheConnection() async throws {
    try await withWorkload(stopAt: 17) { client, workload in
      client.send(Self.upgrade)
      _ = client.readHead()
      client.send([65, 66, 17, 67])
      #expect(workload.readToEnd() == [65, 66])
      #expect(client.readToEnd().isEmpty)
    }
  }
}
