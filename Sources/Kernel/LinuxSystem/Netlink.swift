// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// The few rtnetlink requests a new network namespace needs.
package enum Netlink {
  private static let newLink: UInt16 = 16
  private static let requestWithAnswer: UInt16 = 0x05
  private static let interfaceUp: UInt32 = 1

  /// Brings `lo` (always interface 1) up in the calling thread's network namespace.
  package static func loopbackUp() throws(SystemError) {
    let socket = OwnedDescriptor(try checked("socket(AF_NETLINK)") { Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), 0) })
    var request: [UInt8] = []
    func append<Value: FixedWidthInteger>(_ value: Value) { withUnsafeBytes(of: value) { request.append(contentsOf: $0) } }
    // struct nlmsghdr
    append(UInt32(32))
    append(newLink)
    append(requestWithAnswer)
    append(UInt32(1))
    append(UInt32(0))
    // struct ifinfomsg: family and padding, type, index, flags, change mask
    append(UInt16(0))
    append(UInt16(0))
    append(Int32(1))
    append(interfaceUp)
    append(interfaceUp)
    try checked("bring the loopback interface up") { request.withUnsafeBytes { send(socket.number, $0.baseAddress, $0.count, 0) } }
    var answer = [UInt8](repeating: 0, count: 512)
    let count = try checked("bring the loopback interface up") { answer.withUnsafeMutableBytes { recv(socket.number, $0.baseAddress, $0.count, 0) } }
    // struct nlmsgerr follows the header: a negative error number, 0 for success
    guard count >= 20 else { throw SystemError(EPROTO, "bring the loopback interface up") }
    let error = answer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 16, as: Int32.self) }
    if error != 0 { throw SystemError(-error, "bring the loopback interface up") }
  }
}
