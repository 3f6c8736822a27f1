// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// What the new process tells the one that launches it.
enum ChildMessage {
  case warning(String)
  /// The pid (as the launching process numbers it) of a process that a helper has made.
  case spawned(Int32)
  /// The master of the process's terminal, a descriptor beside the message.
  case terminal
  /// The root is mounted in a mount namespace that lives on when the process does not.
  case rootAttached
  /// The namespaces and mounts stand; hooks that run outside may run now.
  case hooksDue
  /// Only a filter and exec are to come: the end of the channel without `failed` means that exec has happened.
  case committed
  case atGate
  case failed(code: String, message: String)
}

/// What the launching process tells the new one.
enum ParentMessage: UInt8 {
  /// The user namespace has its maps.
  case mapped
  /// The control group stands.
  case cgroupReady
  /// The interfaces stand.
  case networkReady
  case hooksDone
}

/// The socket between the two; closed by exec.
struct LaunchChannel {
  private static let longest = 16 << 10
  let descriptor: Int32

  /// Sends with write(2), which even narrow seccomp filters allow.
  func send(_ message: ChildMessage) {
    guard descriptor >= 0 else { return }
    let bytes = encode(message)
    _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  }

  func send(_ message: ChildMessage, descriptor fd: Int32) throws(SystemError) {
    try UnixSocket.send(descriptor, encode(message), descriptors: [fd])
  }

  /// Waits for the launching process; when that is gone the new one has no reason to be.
  func await(_ expected: ParentMessage) {
    var byte: UInt8 = 0
    while true {
      let count = read(descriptor, &byte, 1)
      if count < 0 && errno == EINTR { continue }
      if count == 1 && byte == expected.rawValue { return }
      _exit(125)
    }
  }

  func send(_ message: ParentMessage) throws(SystemError) { try UnixSocket.send(descriptor, [message.rawValue]) }

  /// Whether the launching process is gone.
  var isAbandoned: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK)) == 0
  }

  /// The next message; `nil`: the channel was closed.
  func receive() throws(HullError) -> (message: ChildMessage, descriptor: Int32?)? {
    let (bytes, descriptors) = try step("read from the new process") { () throws(SystemError) in
      try UnixSocket.receive(descriptor, limit: Self.longest)
    }
    return bytes.isEmpty ? nil : (try decode(bytes), descriptors.first)
  }

  private func encode(_ message: ChildMessage) -> [UInt8] {
    var writer = WireWriter()
    switch message {
    case .warning(let text):
      writer.write(UInt8(0))
      writer.write(text)
    case .spawned(let pid):
      writer.write(UInt8(1))
      writer.write(pid)
    case .terminal: writer.write(UInt8(2))
    case .hooksDue: writer.write(UInt8(3))
    case .committed: writer.write(UInt8(4))
    case .atGate: writer.write(UInt8(5))
    case .rootAttached: writer.write(UInt8(7))
    case .failed(let code, let message):
      writer.write(UInt8(6))
      writer.write(code)
      writer.write(String(message.prefix(Self.longest / 8)))
    }
    return writer.bytes
  }

  private func decode(_ bytes: [UInt8]) throws(HullError) -> ChildMessage {
    var reader = WireReader(bytes)
    switch try reader.read(UInt8.self) {
    case 0: return .warning(try reader.read())
    case 1: return .spawned(try reader.read())
    case 2: return .terminal
    case 3: return .hooksDue
    case 4: return .committed
    case 5: return .atGate
    case 6: return .failed(code: try reader.read(), message: try reader.read())
    case 7: return .rootAttached
    case let kind: throw HullError(.internalError, "the new process sent an unknown message (\(kind))")
    }
  }
}
