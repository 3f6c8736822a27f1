// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineHTTP
import Errors
import Foundation
import Glibc
import NIOCore
import Testing

@testable import EngineHTTP

/// Requests of `Tests/Corpora/http`, changed at random but the same on every run, sent to a server that uses every part of the HTTP room.
/// `HULL_FUZZ_SECONDS` says for how long (500 requests, otherwise), `HULL_FUZZ_SEED` where the randomness starts.
@Suite struct FuzzTests {
  @Test func noSequenceOfBytesStopsTheServer() async throws {
    let environment = ProcessInfo.processInfo.environment
    let end = environment["HULL_FUZZ_SECONDS"].flatMap(Double.init).map { Date(timeIntervalSinceNow: $0) }
    let seed = environment["HULL_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
    let corpus = try Self.corpus()
    try await withServer({ $0.lingerTimeout = .milliseconds(5) }, routes: Self.routes) { server in
      let path = server.path
      let stuck = await onThread { () -> [UInt8]? in
        var mutator = Mutator(corpus: corpus, seed: seed)
        var count = 0
        while end.map({ Date() < $0 }) ?? (count < 500) {
          let bytes = mutator.next()
          guard Self.talk(path, bytes) else { return bytes }
          count += 1
        }
        print("\(count) requests")
        return nil
      }
      #expect(stuck == nil, "no end after \(String(decoding: stuck ?? [], as: UTF8.self).debugDescription)")
      let answer = await server.ask("GET /_ping HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer.body == "OK")
    }
  }

  /// Sends, ends the input, and reads what comes. Whether the connection ended by itself.
  private static func talk(_ path: String, _ bytes: [UInt8]) -> Bool {
    let client = RawClient(path)
    client.send(bytes)
    client.closeInput()
    return client.drain()
  }

  private static func corpus() throws -> [[UInt8]] {
    let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Corpora/http")
    let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    return try files.map { Array(try Data(contentsOf: directory.appendingPathComponent($0))) }
  }

  /// The shapes of the real routes, without an engine behind them.
  private static func routes(_ router: Router) {
    router.add("GET", "/_ping") { _ in .text("OK") }
    router.add("HEAD", "/_ping") { _ in .text("OK") }
    router.add("POST", "/containers/create") { context in
      try .json(try await context.requiredJSON(ContainerCreateRequest.self, orElse: "empty"))
    }
    router.add("POST", "/containers/{id}/exec") { context in try .json(try await context.json(ExecConfig.self)) }
    router.add("GET", "/containers/json") { context in
      _ = try (context.query.bool("all"), context.query.int("limit"), context.query.filters())
      return .json(bytes: Array("[]".utf8))
    }
    router.add("GET", "/containers/{id}/logs") { context in
      let times = try [context.query.time("since"), context.query.time("until")]
      return .text("\(times)")
    }
    router.add("GET", "/images/{name...}/json") { context in .full(FullResponse(headers: ["X-Name": context["name"]])) }
    router.add("POST", "/images/load") { context in
      let length = try await Bridge.feed(context.request.body, on: context.request.loop) { descriptor in
        await onThread {
          var buffer = [UInt8](repeating: 0, count: 4096)
          var total = 0
          while case let count = read(descriptor, &buffer, buffer.count), count > 0 { total += count }
          return total
        }
      }
      return .text("\(length)")
    }
    router.add("GET", "/stream") { context in
      .stream(
        StreamResponse(headers: [:]) { writer in
          for _ in 0..<3 { try await writer.write(ByteBuffer(string: "piece")) }
        })
    }
    for path in ["/containers/{id}/attach", "/exec/{id}/start"] {
      router.add("POST", path) { context in
        _ = try await context.json(ExecStartConfig.self)
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else { throw HullError(.internalError, "socketpair") }
        let (near, far) = (ends[0], ends[1])
        Thread.detachNewThread {
          let workload = RawClient(descriptor: far)
          workload.send("started")
          _ = workload.drain()
        }
        return .hijack(
          Hijack(
            protocolName: "tcp", headers: [:],
            install: { Glue.join($0, to: near, filter: NIOLoopBound(nil, eventLoop: $0.eventLoop), onStop: {}) }, abandon: { close(near) }))
      }
    }
  }
}

/// Makes new requests of old ones. The same seed gives the same sequence.
private struct Mutator {
  let corpus: [[UInt8]]
  private var state: UInt64
  private static let words = [
    "\r\n", "\r\n\r\n", "\n", ":", " ", "%", "%00", "0", "-1", "ffffffffffffffff", "99999999999999999999", "Content-Length: 1\r\n",
    "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Upgrade: tcp\r\n", "Expect: 100-continue\r\n", "Host: b\r\n", "HTTP/1.0", "?", "&",
    "{",
    "}", "[", "\"", "null", "/v1.24", "/v99.1", "\u{0}", "\u{fffd}", "..", "//",
  ].map { Array($0.utf8) }

  init(corpus: [[UInt8]], seed: UInt64) {
    self.corpus = corpus
    state = seed
  }

  /// SplitMix64.
  private mutating func random(_ bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((mixed ^ (mixed >> 31)) % UInt64(max(1, bound)))
  }

  mutating func next() -> [UInt8] {
    var bytes = corpus[random(corpus.count)]
    for _ in 0..<random(6) { mutate(&bytes) }
    return bytes
  }

  private mutating func mutate(_ bytes: inout [UInt8]) {
    let place = random(bytes.count + 1)
    let end = min(bytes.count, place + random(16))
    switch random(7) {
    case 0: if place < bytes.count { bytes[place] = UInt8(random(256)) }
    case 1: bytes.removeSubrange(place..<end)
    case 2: bytes.insert(contentsOf: bytes[place..<end], at: random(bytes.count + 1))
    case 3: bytes.insert(contentsOf: Self.words[random(Self.words.count)], at: place)
    case 4: bytes.removeSubrange(place...)
    case 5: bytes.append(contentsOf: corpus[random(corpus.count)])
    default:
      let other = corpus[random(corpus.count)]
      bytes.replaceSubrange(place..., with: other[random(other.count + 1)...])
    }
  }
}
