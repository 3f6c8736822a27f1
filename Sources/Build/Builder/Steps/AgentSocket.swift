// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Synchronization
import Threads

/// A socket in a file, each of whose connections leads to the client's SSH agent.
final class AgentSocket: Sendable {
  private let listener: Int32
  private let path: String
  /// Its number is not another's yet.
  private let isOpen = Mutex(true)

  /// - Parameter agent: a new connection to the agent; the socket owns it.
  init(path: String, mode: UInt32, uid: UInt32, gid: UInt32, agent: @escaping @Sendable () async throws -> Int32?) throws(HullError) {
    self.path = path
    listener = try step("cannot make an agent's socket") { () throws(SystemError) in try UnixSocket.listen(path) }.take()
    guard chmod(path, mode) == 0, chown(path, uid, gid) == 0 else {
      let failure = SystemError(errno, path)
      Glibc.close(listener)
      throw HullError("cannot make an agent's socket", failure)
    }
    let listener = self.listener
    Task {
      defer { self.end() }
      while let connection = try? await Blocking.stream({ () throws -> Int32 in try AgentSocket.accept(listener) }) {
        Task {
          guard let other = try? await agent() else {
            Glibc.close(connection)
            return
          }
          await AgentSocket.join(connection, other)
        }
      }
    }
  }

  /// No more connections; those that are there go on until their command ends.
  func close() {
    isOpen.withLock { if $0 { shutdown(listener, Int32(SHUT_RDWR)) } }
    unlink(path)
  }

  /// Nobody waits for connections any more.
  private func end() {
    isOpen.withLock { isOpen in
      Glibc.close(listener)
      isOpen = false
    }
  }

  private static func accept(_ listener: Int32) throws -> Int32 {
    while true {
      let connection = Glibc.accept(listener, nil, nil)
      if connection >= 0 {
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        return connection
      }
      if errno != EINTR && errno != ECONNABORTED { throw SystemError(errno, "accept") }
    }
  }

  /// Passes bytes both ways until both sides have ended.
  private static func join(_ one: Int32, _ other: Int32) async {
    async let forth: Void = pass(one, other)
    async let back: Void = pass(other, one)
    _ = await (forth, back)
    Glibc.close(one)
    Glibc.close(other)
  }

  private static func pass(_ from: Int32, _ to: Int32) async {
    try? await Blocking.stream {
      var buffer = [UInt8](repeating: 0, count: 16 << 10)
      while true {
        let count = read(from, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0, (try? Files.writeAll(to, Array(buffer[..<count]))) != nil else { break }
      }
      shutdown(to, Int32(SHUT_WR))
    }
  }
}
