// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import NIOCore
import Synchronization
import Testing

@testable import EngineHTTP

@Suite struct BridgeTests {
  /// Reads a descriptor to its end on a thread of its own: the bytes and the error number at the end.
  private static func drain(_ descriptor: Int32) async -> (count: Int, error: Int32) {
    await onThread {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      var total = 0
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return (total, 0) }
        if count < 0 { return (total, errno) }
        total += count
      }
    }
  }

  private static func routes(_ seen: Seen) -> (Router) -> Void {
    { router in
      router.add("POST", "/upload") { context in
        let (count, error) = try await Bridge.feed(context.request.body, on: context.request.loop) { await drain($0) }
        seen.set("upload \(count) \(error)")
        return .text("\(count)")
      }
      router.add("POST", "/impatient") { context in
        try await Bridge.feed(context.request.body, on: context.request.loop) { _ in throw HullError(.invalidArgument, "not an archive") }
      }
      router.add("GET", "/download") { context in
        .stream(
          StreamResponse(headers: [:]) { writer in
            try await Bridge.send(to: writer, on: context.request.loop) { descriptor in
              let error = await onThread { () -> Int32 in
                let block = [UInt8](repeating: 9, count: 1 << 20)
                for _ in 0..<64 where write(descriptor, block, block.count) < 0 { return errno }
                return 0
              }
              seen.set("download \(error)")
              if error != 0 { throw HullError(.internalError, "cannot write") }
            }
          })
      }
      router.add("GET", "/missing") { context in
        .stream(
          StreamResponse(headers: [:]) { writer in
            try await Bridge.send(to: writer, on: context.request.loop) { _ in throw HullError(.notFound, "no such image") }
          })
      }
    }
  }

  /// What a handler saw last.
  private final class Seen: Sendable {
    private let value = Mutex("")
    func set(_ text: String) { value.withLock { $0 = text } }
    func get() -> String { value.withLock { $0 } }
    func wait() async -> String {
      while get().isEmpty { await Task.yield() }
      return get()
    }
  }

  @Test func aBodyReachesBlockingCodeWhole() async throws {
    let seen = Seen()
    try await withServer(routes: Self.routes(seen)) { server in
      let answer = await server.connect { client in
        client.send("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let block = "8000\r\n" + String(repeating: "x", count: 32768) + "\r\n"
        for _ in 0..<1024 { client.send(block) }
        client.send("0\r\n\r\n")
        return client.readAnswer()
      }
      #expect(answer.body == "\(32 << 20)")
      #expect(seen.get() == "upload \(32 << 20) 0")
    }
  }

  @Test func aBodyThatBreaksOffIsNotAnEnd() async throws {
    let seen = Seen()
    try await withServer(routes: Self.routes(seen)) { server in
      await server.connect { client in
        client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf")
        client.close()
      }
      #expect(await seen.wait() == "upload 4 \(ECONNRESET)")
    }
  }

  @Test func codeThatDoesNotWantTheBodyAnswersAtOnce() async throws {
    try await withServer({ $0.lingerTimeout = .milliseconds(100) }, routes: Self.routes(Seen())) { server in
      let answer = await server.connect { client in
        client.send("POST /impatient HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\nhalf")
        return client.readAnswer()
      }
      #expect(answer.status == 400)
      #expect(answer.body.contains("not an archive"))
    }
  }

  @Test func whatBlockingCodeWritesReachesTheClientWhole() async throws {
    let seen = Seen()
    try await withServer(routes: Self.routes(seen)) { server in
      let answer = await server.ask("GET /download HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer.body.utf8.count == 64 << 20)
      #expect(seen.get() == "download 0")
      let missing = await server.ask("GET /missing HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(missing.status == 404)
    }
  }

  @Test func blockingCodeEndsWhenTheClientHasGone() async throws {
    let seen = Seen()
    try await withServer(routes: Self.routes(seen)) { server in
      await server.connect { client in
        client.send("GET /download HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = client.readHead()
        client.close()
      }
      #expect(await seen.wait() == "download \(EPIPE)")
    }
  }
}
