// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import LinuxSystem
import Netlink

/// Tells when somebody else has changed the packet rules of this network namespace: the kernel says so to whoever asks
/// (NFNLGRP_NFTABLES of linux/netfilter/nfnetlink.h). What iptables of before nf_tables does is not seen.
package final class RulesetWatch: Sendable {
  private static let (netlinkLevel, addMembership, group): (Int32, Int32, Int32) = (270, 1, 7)
  /// `NFNL_SUBSYS_NFTABLES`, `NFT_MSG_NEWGEN`: the end of every change.
  private static let newGeneration: UInt16 = 10 << 8 | 15
  /// Milliseconds; a change seldom comes alone.
  private static let lull: Int32 = 50

  private let socket: Int32
  /// What is written to the second end stops the watch.
  private let stopper: DescriptorPair

  /// Opens the watch in the calling thread's network namespace: no change after this is missed. Throws `internalError`.
  package init() throws(HullError) {
    do {
      socket = try Self.open()
      stopper = try Descriptors.pipe(flags: O_CLOEXEC)
    } catch {
      throw HullError("cannot watch the packet rules", error, code: .internalError)
    }
  }

  private static func open() throws(SystemError) -> Int32 {
    let socket = try checked("socket(AF_NETLINK)") {
      Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NetlinkFamily.netfilter)
    }
    var group = Self.group
    // struct sockaddr_nl: without an address of its own the socket would be passed over, as if it were the sender.
    var address: [UInt32] = [UInt32(AF_NETLINK), 0, 0]
    let isBound = address.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: sockaddr.self) { bind(socket, $0.baseAddress, socklen_t(bytes.count)) == 0 }
    }
    guard isBound, setsockopt(socket, netlinkLevel, addMembership, &group, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
      let number = errno
      close(socket)
      throw SystemError(number, "join the nftables group")
    }
    return socket
  }

  /// Calls `changed` on a thread of the watch's own after each change, or several that come together, until `stop`.
  package func start(_ changed: @escaping @Sendable () -> Void) {
    let thread = Thread { [self] in while wait() { changed() } }
    thread.stackSize = 512 << 10
    thread.name = "ruleset-watch"
    thread.start()
  }

  package func stop() { _ = write(stopper.second, [1], 1) }

  deinit {
    close(socket)
    close(stopper.first)
    close(stopper.second)
  }

  /// Returns after a change of others; `false` when the watch has been stopped.
  private func wait() -> Bool {
    var isForeign = false
    while true {
      var polls = [pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: stopper.first, events: Int16(POLLIN), revents: 0)]
      let count = poll(&polls, 2, isForeign ? Self.lull : -1)
      if polls[1].revents != 0 { return false }
      if count == 0 { return true }
      if count > 0 && read() { isForeign = true }
    }
  }

  /// Whether what has come tells of a change of others. When there was more than the socket holds, it may.
  private func read() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
    guard count > 0 else { return count < 0 && errno == ENOBUFS }
    return Self.tellsOfOthers(buffer[..<count])
  }

  private static func tellsOfOthers(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    while rest.count >= 20 {
      let length = Int(rest.number(0, as: UInt32.self))
      guard length >= 20, length <= rest.count else { return false }
      if rest.number(4, as: UInt16.self) == newGeneration, !isOwn(rest.prefix(length).dropFirst(20)) { return true }
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return false
  }

  /// The message names the thread that made the change (`NFTA_GEN_PROC_PID`, in network order).
  private static func isOwn(_ attributes: ArraySlice<UInt8>) -> Bool {
    guard let thread = attributes.attributes[2], thread.count == 4 else { return false }
    return access("/proc/self/task/\(thread.reduce(0) { $0 << 8 | UInt32($1) })", F_OK) == 0
  }
}
