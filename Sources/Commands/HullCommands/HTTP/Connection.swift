// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// A blocking byte stream over a unix socket, with what has been read and not yet used. Closed when the last reference goes.
final class Connection {
  let descriptor: Int32
  private var buffer: [UInt8] = []
  private var start = 0

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Connects; a path longer than `sun_path` is reached through a descriptor of its directory.
  static func open(_ endpoint: Endpoint) throws(HullError) -> Connection {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw HullError(.internalError, "socket: \(errorText())") }
    let connection = Connection(descriptor: descriptor)
    guard try connect(descriptor, endpoint.path) else { throw unreachable(endpoint, errno) }
    return connection
  }

  private static func connect(_ descriptor: Int32, _ path: String) throws(HullError) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    var target = path
    var directory: Int32 = -1
    defer { if directory >= 0 { close(directory) } }
    if path.utf8.count >= room {
      let (parent, name) = Paths.split(path)
      directory = Glibc.open(parent, GNU.openPath | O_DIRECTORY | O_CLOEXEC)
      guard directory >= 0 else { return false }
      target = "/proc/self/fd/\(directory)/\(name)"
    }
    guard target.utf8.count < room else { throw HullError(.invalidArgument, "socket path is too long: \(path)") }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: target.utf8) }
    return withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 }
    }
  }

  private static func unreachable(_ endpoint: Endpoint, _ code: Int32) -> HullError {
    if code == EACCES || code == EPERM {
      return HullError(
        .forbidden,
        "permission denied while trying to connect to the hull daemon socket at \(endpoint.description); run as root or join the socket's group")
    }
    return HullError(
      .unavailable, "Cannot connect to the hull daemon at \(endpoint.description). Is hulld running? Start it with 'hull system start'")
  }

  /// Sends everything; the peer's hang-up is an error, not a signal.
  func send(_ bytes: some Sequence<UInt8>) throws(HullError) {
    let bytes = Array(bytes)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { raw in
        raw.baseAddress.map { Glibc.send(descriptor, $0 + sent, raw.count - sent, Int32(MSG_NOSIGNAL)) } ?? 0
      }
      if count >= 0 {
        sent += count
      } else if errno != EINTR {
        throw HullError(.unavailable, "connection to the engine broke while sending: \(errorText())")
      }
    }
  }

  /// More bytes into the buffer; `false` at the end of the stream.
  private func fill() throws(HullError) -> Bool {
    if start == buffer.count {
      buffer.removeAll(keepingCapacity: true)
      start = 0
    }
    var chunk = [UInt8](repeating: 0, count: 32768)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count > 0 { buffer += chunk[..<count] }
      if count >= 0 { return count > 0 }
      if errno == ECONNRESET { return false }
      if errno != EINTR { throw HullError(.unavailable, "connection to the engine broke: \(errorText())") }
    }
  }

  /// Up to `limit` bytes, at least one unless the stream is at its end.
  func receive(limit: Int) throws(HullError) -> [UInt8] {
    if start == buffer.count, try !fill() { return [] }
    let end = min(buffer.count, start + limit)
    defer { start = end }
    return Array(buffer[start..<end])
  }

  /// A line without its CR LF; `nil` when the stream ends before the first byte of it.
  func line(limit: Int = 65536) throws(HullError) -> String? {
    var scanned = start
    while true {
      if let end = buffer[scanned...].firstIndex(of: 0x0A) {
        let text = buffer[start..<end]
        start = end + 1
        return String(decoding: text.last == 0x0D ? text.dropLast() : text, as: UTF8.self)
      }
      guard buffer.count - start < limit else { throw HullError(.internalError, "the engine's answer has a line that is too long") }
      let pending = buffer.count - start
      guard try fill() else {
        if pending == 0 { return nil }
        throw HullError(.unavailable, "the engine closed the connection in the middle of an answer")
      }
      scanned = start + pending
    }
  }

  /// Takes what has been read and not used: the first bytes of a hijacked stream.
  func takeBuffered() -> [UInt8] {
    defer { start = buffer.count }
    return Array(buffer[start...])
  }

  /// Whether the peer has something to say (or has hung up).
  var hasInput: Bool {
    if start < buffer.count { return true }
    var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&poller, 1, 0) > 0
  }
}

/// What `errno` says, in the C library's words.
func errorText(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
