// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// One member of a tar archive, all extensions resolved. Names are bytes: they need not be UTF-8.
package struct TarEntry: Sendable {
  package enum Kind: Sendable { case regular, hardLink, symbolicLink, characterDevice, blockDevice, directory, fifo }

  /// Seconds since 1970 and nanoseconds.
  package struct Time: Sendable, Hashable {
    package var seconds: Int64
    package var nanoseconds: Int64
    package init(seconds: Int64, nanoseconds: Int64 = 0) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }
  }

  /// An extended attribute.
  package struct Attribute: Sendable, Hashable {
    package var name: [UInt8]
    package var value: [UInt8]
    package init(name: [UInt8], value: [UInt8]) {
      self.name = name
      self.value = value
    }
  }

  package var kind: Kind
  /// As the archive has it: may be absolute, may contain `..`, may end with a slash; never contains NUL.
  package var path: [UInt8]
  /// What a link points at.
  package var link: [UInt8] = []
  /// Permission, set-ID and sticky bits.
  package var mode: UInt32
  package var uid: UInt32 = 0
  package var gid: UInt32 = 0
  /// Bytes of a regular file, holes included.
  package var size: Int64 = 0
  package var modified = Time(seconds: 0)
  package var major: UInt32 = 0
  package var minor: UInt32 = 0
  package var attributes: [Attribute] = []

  package init(kind: Kind, path: [UInt8], mode: UInt32) {
    self.kind = kind
    self.path = path
    self.mode = mode
  }

  /// The path for a message: quoted, control characters escaped.
  package var name: String { quoted(String(decoding: path, as: UTF8.self)) }
}
