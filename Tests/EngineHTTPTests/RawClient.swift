// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A blocking client that sends and receives exactly the bytes it is told to.
final class RawClient: @unchecked Sendable {  // Used by one thread at a time.
  private var descriptor: Int32
  private var received: [UInt8] = []

  init(descriptor: Int32) { self.descriptor = descriptor }

  init(_ path: String) {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    precondition(result == 0, "cannot connect to \(path): \(String(cString: strerror(errno)))")
    var timeout = timeval(tv_sec: 120, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close() }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Whether all was taken by the kernel.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  func closeInput() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// How many bytes can be sent before the other side's reading is needed.
  func sendUntilStuck(limit: Int) -> Int {
    let block = [UInt8](repeating: 0x61, count: 64 * 1024)
    var total = 0
    var idle = 0
    while total < limit, idle < 100 {
      let count = block.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count > 0 {
        total += count
        idle = 0
      } else {
        idle += 1
        usleep(10_000)
      }
    }
    return total
  }

  /// At least `count` bytes more, fewer only at the end of the stream.
  private func fill(_ count: Int) {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while received.count < count {
      let got = recv(descriptor, &buffer, buffer.count, 0)
      guard got > 0 else { return }
      received.append(contentsOf: buffer[..<got])
    }
  }

  func read(_ count: Int) -> [UInt8] {
    fill(count)
    let bytes = Array(received.prefix(count))
    received.removeFirst(bytes.count)
    return bytes
  }

  func readText(_ count: Int) -> String { String(decoding: read(count), as: UTF8.self) }

  /// What there is, at least a byte; nothing at the end.
  func readSome() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    let got = recv(descriptor, &buffer, buffer.count, 0)
    return Array(buffer.prefix(max(0, got)))
  }

  /// Reads and forgets. Whether the end came before the time-out.
  func drain() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let got = recv(descriptor, &buffer, buffer.count, 0)
      if got == 0 || got < 0 && errno == ECONNRESET { return true }
      if got < 0 { return false }
    }
  }

  func readToEnd() -> [UInt8] { read(.max) }

  /// One line without its CRLF.
  func readLine() -> String {
    var line: [UInt8] = []
    while true {
      let byte = read(1)
      guard let byte = byte.first else { return String(decoding: line, as: UTF8.self) }
      if byte == 0x0a { return String(decoding: line.last == 0x0d ? line.dropLast() : line[...], as: UTF8.self) }
      line.append(byte)
    }
  }

  struct Answer {
    var status: Int
    var headers: [String: String]
    var body: String
  }

  func readHead() -> Answer {
    let status = readLine().split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    var headers: [String: String] = [:]
    while true {
      let line = readLine()
      guard let colon = line.firstIndex(of: ":") else { break }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return Answer(status: status, headers: headers, body: "")
  }

  func readChunk() -> String {
    let size = Int(readLine(), radix: 16) ?? 0
    let text = readText(size)
    _ = readLine()
    return text
  }

  func readAnswer(toHead: Bool = false) -> Answer {
    var answer = readHead()
    if toHead || answer.status == 204 || answer.status == 304 { return answer }
    if let length = answer.headers["content-length"].flatMap(Int.init) {
      answer.body = readText(length)
    } else if answer.headers["transfer-encoding"] == "chunked" {
      while true {
        let chunk = readChunk()
        if chunk.isEmpty { break }
        answer.body += chunk
      }
    } else {
      answer.body = String(decoding: readToEnd(), as: UTF8.self)
    }
    return answer
  }
}

/// Runs blocking code on a thread of its own.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: body()) }
  }
}
