// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// A netlink socket: bound to the network namespace in which it was opened, wherever it is used. Not for several threads at once.
package final class NetlinkSocket {
  private static let bufferSize = 64 << 10
  /// So many answers fit into a socket's buffer in any case.
  private static let burst = 64
  private static let dumpAttempts = 16

  private let socket: OwnedDescriptor
  private var sequence: UInt32 = 0
  private var buffer: [UInt8] = []

  /// `family`: one of `NetlinkFamily`.
  package init(_ family: Int32) throws(SystemError) {
    socket = OwnedDescriptor(try NetlinkSocket.open(family))
  }

  /// In another network namespace than the calling thread's, which stays where it is.
  package init(_ family: Int32, inNamespace namespace: Int32) throws(SystemError) {
    socket = OwnedDescriptor(try NetworkNamespace.onThread(in: namespace) { () throws(SystemError) in try NetlinkSocket.open(family) })
  }

  /// A socket in the calling thread's network namespace, close-on-exec.
  private static func open(_ family: Int32) throws(SystemError) -> Int32 {
    let number = try checked("socket(AF_NETLINK)") { Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), family) }
    // The first two make errors better and are not there in old kernels.
    set(number, SocketOption.netlink, SocketOption.extendedAcknowledgement, Int32(1))
    set(number, SocketOption.netlink, SocketOption.capAcknowledgement, Int32(1))
    // The kernel answers while it is being asked: what is not there after that long does not come.
    set(number, SOL_SOCKET, SO_RCVTIMEO, timeval(tv_sec: 10, tv_usec: 0))
    return number
  }

  private static func set<Value>(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Value) {
    _ = withUnsafeBytes(of: value) { setsockopt(socket, level, option, $0.baseAddress, socklen_t($0.count)) }
  }

  /// Sends all requests, in one call when they are not many, and waits until each is acknowledged. The first that was refused is thrown; the kernel
  /// has done the others, unless they belong together (nf_tables), when it has done none.
  package func perform(_ requests: [NetlinkRequest]) throws(SystemError) {
    var failure: SystemError?
    for start in stride(from: 0, to: requests.count, by: NetlinkSocket.burst) {
      do throws(SystemError) { try exchange(requests[start..<min(start + NetlinkSocket.burst, requests.count)]) } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  private func exchange(_ requests: ArraySlice<NetlinkRequest>) throws(SystemError) {
    let first = sequence &+ 1
    var bytes: [UInt8] = []
    for request in requests {
      try request.checkLength()
      sequence &+= 1
      bytes += request.finished(sequence)
    }
    let purpose = requests[requests.startIndex].purpose
    try send(bytes, purpose)
    var waiting = requests.count { $0.isAcknowledged }
    var failure: SystemError?
    while waiting > 0 {
      for message in try receive(purpose) where message.type == MessageType.error {
        let index = Int(message.sequence &- first)
        guard index < requests.count else { continue }
        let request = requests[requests.startIndex + index]
        let refusal = NetlinkSocket.failure(message, request.purpose)
        failure = failure ?? refusal
        if request.isAcknowledged { waiting -= 1 } else if refusal != nil { waiting = 0 }  // nothing was done, and nobody says so of each
      }
    }
    if let failure { throw failure }
  }

  /// The answers to a request with `.dump`, or to one that answers with one message. Throws `EAGAIN` when a list changes whenever it is read.
  package func query(_ request: NetlinkRequest, single: Bool = false) throws(SystemError) -> [NetlinkMessage] {
    try request.checkLength()
    for _ in 0..<NetlinkSocket.dumpAttempts {
      if let answers = try answers(request, single) { return answers }
    }
    throw SystemError(EAGAIN, request.purpose)
  }

  /// `nil` when something changed meanwhile: entries may be missing or there twice.
  private func answers(_ request: NetlinkRequest, _ single: Bool) throws(SystemError) -> [NetlinkMessage]? {
    sequence &+= 1
    try send(request.finished(sequence), request.purpose)
    var answers: [NetlinkMessage] = []
    var isWhole = true
    while true {
      for message in try receive(request.purpose) where message.sequence == sequence {
        if message.flags & MessageFlag.interrupted != 0 { isWhole = false }
        switch message.type {
        case MessageType.done, MessageType.error:
          if let failure = NetlinkSocket.failure(message, request.purpose) { throw failure }
          return isWhole ? answers : nil
        default: answers.append(message)
        }
      }
      if single && !answers.isEmpty { return answers }
    }
  }

  private func send(_ bytes: [UInt8], _ purpose: String) throws(SystemError) {
    try checked(purpose) { bytes.withUnsafeBytes { Glibc.send(socket.number, $0.baseAddress, $0.count, 0) } }
  }

  /// What comes next from the kernel: whoever else is in the namespace may write to the socket, too.
  private func receive(_ purpose: String) throws(SystemError) -> [NetlinkMessage] {
    if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: NetlinkSocket.bufferSize) }
    while true {
      var sender = NetlinkAddress()
      var size = socklen_t(MemoryLayout<NetlinkAddress>.size)
      let count: Int
      do throws(SystemError) {
        count = try checked(purpose) {
          buffer.withUnsafeMutableBytes { buffer in
            withUnsafeMutablePointer(to: &sender) {
              $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(socket.number, buffer.baseAddress, buffer.count, Int32(MSG_TRUNC), $0, &size)
              }
            }
          }
        }
      } catch { throw error.number == EAGAIN ? SystemError(ETIMEDOUT, purpose) : error }
      guard sender.port == 0 else { continue }
      guard count <= buffer.count else { throw SystemError(EMSGSIZE, purpose) }
      return NetlinkMessage.all(in: buffer[..<count])
    }
  }

  /// `nil` when the kernel says that all is well. Its own words are added where it has some.
  private static func failure(_ message: NetlinkMessage, _ purpose: String) -> SystemError? {
    let number: Int32 = message.number(0)
    guard number < 0, number > Int32.min else { return nil }
    let hasAttributes = message.type == MessageType.error && message.flags & MessageFlag.acknowledgementHasAttributes != 0
    let original = message.flags & MessageFlag.acknowledgementIsCapped != 0 ? 16 : Int(message.number(4, as: UInt32.self))
    let words = hasAttributes ? message.payload.dropFirst(4 + ((original + 3) & ~3)).attributes[1]?.text ?? "" : ""
    return SystemError(-number, words.isEmpty ? purpose : "\(purpose): \(words)")
  }

  /// The address of this socket among the namespace's netlink sockets.
  var port: UInt32 {
    var address = NetlinkAddress()
    var size = socklen_t(MemoryLayout<NetlinkAddress>.size)
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.number, $0, &size) }
    }
    return address.port
  }

  /// `NLMSG_*`
  private enum MessageType {
    static let error: UInt16 = 2
    static let done: UInt16 = 3
  }

  /// `NLM_F_*` of answers.
  private enum MessageFlag {
    static let interrupted: UInt16 = 0x10
    static let acknowledgementIsCapped: UInt16 = 0x100
    static let acknowledgementHasAttributes: UInt16 = 0x200
  }

  /// `SOL_NETLINK` and `NETLINK_*`.
  private enum SocketOption {
    static let netlink: Int32 = 270
    static let capAcknowledgement: Int32 = 10
    static let extendedAcknowledgement: Int32 = 11
  }
}

/// struct sockaddr_nl
struct NetlinkAddress {
  var family = UInt16(AF_NETLINK)
  private var padding: UInt16 = 0
  /// 0: the kernel.
  var port: UInt32 = 0
  private var groups: UInt32 = 0
}

/// `NETLINK_*` of linux/netlink.h.
package enum NetlinkFamily {
  package static let route: Int32 = 0
  package static let netfilter: Int32 = 12
}
