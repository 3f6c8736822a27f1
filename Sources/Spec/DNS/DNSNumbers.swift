// SPDX-License-Identifier: Apache-2.0

/// What kind of record is asked for or given (RFC 1035, section 3.2.2). Open: others are passed on.
package struct DNSType: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  /// An IPv4 address.
  package static let a = DNSType(rawValue: 1)
  /// The name that belongs to an address.
  package static let ptr = DNSType(rawValue: 12)
  package static let mx = DNSType(rawValue: 15)
  package static let txt = DNSType(rawValue: 16)
  /// An IPv6 address (RFC 3596).
  package static let aaaa = DNSType(rawValue: 28)
  /// No record but an extension of the message (RFC 6891).
  package static let opt = DNSType(rawValue: 41)
  /// Transfers of whole zones (RFC 1995, RFC 5936).
  package static let ixfr = DNSType(rawValue: 251)
  package static let axfr = DNSType(rawValue: 252)
  package static let any = DNSType(rawValue: 255)
}

/// How an answer came out (RFC 1035, section 4.1.1; numbers above 15 need EDNS).
package struct DNSCode: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let noError = DNSCode(rawValue: 0)
  package static let formatError = DNSCode(rawValue: 1)
  package static let serverFailure = DNSCode(rawValue: 2)
  /// NXDOMAIN: there is no such name.
  package static let nameError = DNSCode(rawValue: 3)
  package static let notImplemented = DNSCode(rawValue: 4)
  package static let refused = DNSCode(rawValue: 5)
  /// RFC 6891, section 9.
  package static let badVersion = DNSCode(rawValue: 16)
}

/// Sizes in bytes.
package enum DNSLimit {
  /// A message's, over TCP.
  package static let message = 65535
  /// A UDP answer's for a client without EDNS (RFC 1035, section 2.3.4).
  package static let plainDatagram = 512
  /// The most that UDP over IPv4 carries.
  package static let datagram = 65507
  /// The longest query that is read: a name of 255 bytes and generous EDNS options, as much as passes any network in one piece.
  package static let query = 1232
  static let header = 12
  static let name = 255
  static let label = 63
}

/// The second 16 bits of a message (RFC 1035, section 4.1.1; RFC 4035 for CD).
enum DNSFlag {
  static let response: UInt16 = 0x8000
  static let operation: UInt16 = 0x7800
  static let truncated: UInt16 = 0x0200
  static let recursionDesired: UInt16 = 0x0100
  static let recursionAvailable: UInt16 = 0x0080
  static let checkingDisabled: UInt16 = 0x0010
  static let code: UInt16 = 0x000F
}

/// The Internet's class.
let internetClass: UInt16 = 1
/// Any class.
let anyClass: UInt16 = 255
