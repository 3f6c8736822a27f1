// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a loopback port whose answers a test writes byte by byte: no real server cuts, stalls or lies on demand.
final class FaultyServer: Sendable {
  struct Request: Sendable {
    let method: String
    /// With the query.
    let uri: String
    let headers: HTTPHeaders
    let body: [UInt8]

    var path: String { String(uri.prefix { $0 != "?" }) }
    var authorization: String? { headers.first(name: "authorization") }

    /// A parameter of the query, percent-encoded as it came.
    func query(_ name: String) -> String? {
      uri.split(separator: "?").dropFirst().first?.split(separator: "&").first { $0.hasPrefix("\(name)=") }.map {
        String($0.dropFirst(name.count + 1))
      }
    }

    /// The range that is asked for, of a blob of `size` bytes.
    func range(_ size: Int) -> Range<Int> {
      guard let ends = headers.first(name: "range")?.dropFirst("bytes=".count).split(separator: "-").compactMap({ Int($0) }), !ends.isEmpty else {
        return 0..<size
      }
      return ends[0]..<(ends.count == 2 ? ends[1] + 1 : size)
    }
  }

  /// Thrown by a handler: the connection is cut there.
  struct Cut: Error {}

  typealias Handler = @Sendable (Exchange) async throws -> Void

  let port: Int
  private let channel: any Channel
  private let task: Task<Void, any Error>
  private let log: Log

  /// What was asked, in order.
  var requests: [Request] { log.requests.withLock { $0 } }
  /// Body bytes that were given to clients.
  var sent: Int { log.sent.load(ordering: .relaxed) }
  /// Connections that are open now.
  var connections: Int { log.connections.load(ordering: .relaxed) }
  /// `127.0.0.1:port`
  var host: String { "127.0.0.1:\(port)" }

  /// - Parameter cutReceiving: cuts the connection when so many bytes of a request's body have come; `nil`: never.
  init(cutReceiving: @escaping @Sendable (HTTPRequestHead) -> Int? = { _ in nil }, _ handler: @escaping Handler) async throws {
    let log = Log()
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
          return try NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    self.log = log
    channel = server.channel
    port = server.channel.localAddress?.port ?? 0
    task = Task {
      try await withThrowingDiscardingTaskGroup { group in
        try await server.executeThenClose { connections in
          for try await connection in connections {
            group.addTask { await FaultyServer.serve(connection, log, cutReceiving, handler) }
          }
        }
      }
    }
  }

  deinit {
    task.cancel()
    channel.close(promise: nil)
  }

  fileprivate final class Log: Sendable {
    let requests = Mutex<[Request]>([])
    let sent = Atomic<Int>(0)
    let connections = Atomic<Int>(0)
  }

  private static func serve(
    _ connection: NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>, _ log: Log, _ cutReceiving: @Sendable (HTTPRequestHead) -> Int?,
    _ handler: Handler
  ) async {
    log.connections.add(1, ordering: .relaxed)
    defer { log.connections.subtract(1, ordering: .relaxed) }
    try? await connection.executeThenClose { inbound, outbound in
      var head: HTTPRequestHead?
      var body: [UInt8] = []
      for try await part in inbound {
        switch part {
        case .head(let next): (head, body) = (next, [])
        case .body(let bytes):
          body += Array(bytes.readableBytesView)
          if let limit = head.flatMap(cutReceiving), body.count >= limit { throw Cut() }
        case .end:
          guard let head else { continue }
          let request = Request(method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body)
          log.requests.withLock { $0.append(request) }
          let exchange = Exchange(request: request, writer: outbound) { log.sent.add($0, ordering: .relaxed) }
          try await handler(exchange)
        }
      }
    }
  }
}

/// One request, and the way to answer it.
struct Exchange: Sendable {
  let request: FaultyServer.Request
  fileprivate let writer: NIOAsyncChannelOutboundWriter<ByteBuffer>
  fileprivate let count: @Sendable (Int) -> Void

  func head(_ status: Int, _ headers: KeyValuePairs<String, String> = [:]) async throws {
    let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
    try await writer.write(ByteBuffer(string: "HTTP/1.1 \(status) Status\r\n\(lines)\r\n"))
  }

  func send(_ bytes: some Collection<UInt8>) async throws {
    try await writer.write(ByteBuffer(bytes: bytes))
    count(bytes.count)
  }

  /// A whole answer.
  func answer(_ status: Int, _ headers: KeyValuePairs<String, String> = [:], _ body: [UInt8] = []) async throws {
    let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined() + "Content-Length: \(body.count)\r\n"
    try await writer.write(ByteBuffer(string: "HTTP/1.1 \(status) Status\r\n\(lines)\r\n"))
    if !body.isEmpty, request.method != "HEAD" { try await send(body) }
  }

  func answer(_ status: Int, _ headers: KeyValuePairs<String, String> = [:], _ body: String) async throws {
    try await answer(status, headers, Array(body.utf8))
  }

  /// An error as registries send it.
  func refuse(_ status: Int, _ code: String, _ message: String, _ headers: KeyValuePairs<String, String> = [:]) async throws {
    try await answer(status, headers, #"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"#)
  }

  /// Serves a blob, or the range of it that is asked for.
  /// - Parameter cutAfter: cuts when so many bytes of the body were sent.
  func serve(_ blob: [UInt8], cutAfter: Int? = nil) async throws {
    let range = request.range(blob.count)
    if request.headers.contains(name: "range") {
      try await head(206, ["Content-Length": "\(range.count)", "Content-Range": "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(blob.count)"])
    } else {
      try await head(200, ["Content-Length": "\(blob.count)"])
    }
    guard request.method != "HEAD" else { return }
    try await send(blob[range].prefix(cutAfter ?? .max))
    if let cutAfter, cutAfter < range.count { throw FaultyServer.Cut() }
  }

  /// Says nothing for longer than any test waits.
  func stall() async throws { try await Task.sleep(for: .seconds(30)) }
}
