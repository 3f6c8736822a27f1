// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// A netlink socket: bound to the network namespace in which it was opened, wherever it is used. Not for several threads at once.
package final class NetlinkSocket {
  private static let extendedAcknowledgement: Int32 = 11
  private static let capAcknowledgement: Int32 = 10
  private static let netlinkLevel: Int32 = 270
  private static let bufferSize = 64 << 10

  private let socket: OwnedDescriptor
  private var sequence: UInt32 = 0
  private var buffer: [UInt8] = []

  /// `family`: one of `NetlinkFamily`.
  package init(_ family: Int32) throws(SystemError) {
    socket = OwnedDescriptor(try NetlinkSocket.open(family))
  }

  /// Takes over a descriptor that `open` gave.
  package init(descriptor: Int32) { socket = OwnedDescriptor(descriptor) }

  /// A socket in the calling thread's network namespace, close-on-exec.
  package static func open(_ family: Int32) throws(SystemError) -> Int32 {
    let number = try checked("socket(AF_NETLINK)") { Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), family) }
    var on: Int32 = 1
    // Both make errors better and are not there in old kernels.
    _ = setsockopt(number, netlinkLevel, extendedAcknowledgement, &on, socklen_t(MemoryLayout<Int32>.size))
    _ = setsockopt(number, netlinkLevel, capAcknowledgement, &on, socklen_t(MemoryLayout<Int32>.size))
    return number
  }

  /// Sends all requests in one call and waits until each is acknowledged. The first that was refused is thrown; the kernel has done the others.
  package func perform(_ requests: [NetlinkRequest]) throws(SystemError) {
    guard !requests.isEmpty else { return }
    let first = sequence &+ 1
    var bytes: [UInt8] = []
    for request in requests {
      sequence &+= 1
      bytes += request.finished(sequence)
    }
    try send(bytes, requests[0].purpose)
    var waiting = requests.count { $0.isAcknowledged }
    var failure: SystemError?
    while waiting > 0 {
      for message in try receive(requests[0].purpose) where message.type == MessageType.error {
        let index = Int(message.sequence &- first)
        guard requests.indices.contains(index) else { continue }
        waiting -= 1
        if failure == nil { failure = NetlinkSocket.failure(message, requests[index].purpose) }
      }
    }
    if let failure { throw failure }
  }

  /// The answers to a request with `.dump`, or to one that answers with one message.
  package func query(_ request: NetlinkRequest, single: Bool = false) throws(SystemError) -> [NetlinkMessage] {
    sequence &+= 1
    try send(request.finished(sequence), request.purpose)
    var answers: [NetlinkMessage] = []
    while true {
      for message in try receive(request.purpose) where message.sequence == sequence {
        switch message.type {
        case MessageType.done: return answers
        case MessageType.error:
          if let failure = NetlinkSocket.failure(message, request.purpose) { throw failure }
          return answers
        default: answers.append(message)
        }
      }
      if single && !answers.isEmpty { return answers }
    }
  }

  private func send(_ bytes: [UInt8], _ purpose: String) throws(SystemError) {
    try checked(purpose) { bytes.withUnsafeBytes { Glibc.send(socket.number, $0.baseAddress, $0.count, 0) } }
  }

  private func receive(_ purpose: String) throws(SystemError) -> [NetlinkMessage] {
    if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: NetlinkSocket.bufferSize) }
    let count = try checked(purpose) { buffer.withUnsafeMutableBytes { recv(socket.number, $0.baseAddress, $0.count, 0) } }
    var messages: [NetlinkMessage] = []
    var rest = buffer[..<count]
    while rest.count >= 16 {
      let length = Int(rest.number(0, as: UInt32.self))
      guard length >= 16, length <= rest.count else { break }
      messages.append(
        NetlinkMessage(
          type: rest.number(4), flags: rest.number(6), sequence: rest.number(8), payload: ArraySlice(Array(rest.dropFirst(16).prefix(length - 16)))))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return messages
  }

  /// `nil` when the kernel says that all is well. Its own words are added where it has some.
  private static func failure(_ message: NetlinkMessage, _ purpose: String) -> SystemError? {
    let number: Int32 = message.number(0)
    guard number < 0 else { return nil }
    let hasAttributes = message.flags & 0x200 != 0
    let isCapped = message.flags & 0x100 != 0
    let original = isCapped ? 16 : Int(message.number(4, as: UInt32.self))
    let words = hasAttributes ? message.payload.dropFirst(4 + ((original + 3) & ~3)).attributes[1]?.text ?? "" : ""
    return SystemError(-number, words.isEmpty ? purpose : "\(purpose): \(words)")
  }

  enum MessageType {
    static let error: UInt16 = 2
    static let done: UInt16 = 3
  }
}

/// Entering a network namespace for a moment.
package enum NetworkNamespace {
  /// Runs `body` in the namespace and comes back. Only for a process with one thread. When there is no way back the process ends: whatever it
  /// did next would happen in the wrong place.
  package static func visit<Result: ~Copyable>(_ namespace: Int32, _ body: () throws(SystemError) -> Result) throws(SystemError) -> Result {
    let own = try Files.open("/proc/self/ns/net", O_RDONLY)
    try Namespaces.enter(namespace, NamespaceFlag.network)
    defer { if (try? Namespaces.enter(own.number, NamespaceFlag.network)) == nil { abort() } }
    return try body()
  }
}

/// `NETLINK_*` of linux/netlink.h.
package enum NetlinkFamily {
  package static let route: Int32 = 0
  package static let netfilter: Int32 = 12
}
