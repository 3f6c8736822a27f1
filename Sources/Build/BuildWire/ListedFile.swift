// SPDX-License-Identifier: Apache-2.0
import Errors

/// A file of the client's context as it is listed: what it is, and what tells that it is still the same.
package struct ListedFile: Sendable, Equatable {
  package enum Kind: UInt8, Sendable { case regular, directory, symbolicLink, fifo }

  package var kind: Kind
  /// Relative to the context, without slashes at its ends.
  package var path: String
  /// Permission, set-ID and sticky bits.
  package var mode: UInt32
  /// bytes
  package var size: Int64 = 0
  /// Nanoseconds since 1970.
  package var modified: Int64 = 0
  /// The inode's own change, which nobody can set; nanoseconds since 1970.
  package var changed: Int64 = 0
  package var inode: UInt64 = 0
  /// What a symbolic link points at.
  package var link = ""
  /// The extended attribute `security.capability`; empty: none.
  package var capability: [UInt8] = []

  package init(kind: Kind, path: String, mode: UInt32) {
    self.kind = kind
    self.path = path
    self.mode = mode
  }

  private static let fixed = 1 + 4 + 8 * 4 + 4 * 3

  package func append(to bytes: inout [UInt8]) {
    bytes.append(kind.rawValue)
    WireInteger.append(mode, to: &bytes)
    WireInteger.append(size, to: &bytes)
    WireInteger.append(modified, to: &bytes)
    WireInteger.append(changed, to: &bytes)
    WireInteger.append(inode, to: &bytes)
    WireInteger.append(UInt32(path.utf8.count), to: &bytes)
    WireInteger.append(UInt32(link.utf8.count), to: &bytes)
    WireInteger.append(UInt32(capability.count), to: &bytes)
    bytes.append(contentsOf: path.utf8)
    bytes.append(contentsOf: link.utf8)
    bytes.append(contentsOf: capability)
  }

  /// Reads a whole listing. Throws `invalidArgument` for one that is broken or leads out of the context.
  package static func parse(_ bytes: [UInt8]) throws(HullError) -> [ListedFile] {
    var files: [ListedFile] = []
    var offset = 0
    while offset < bytes.count { files.append(try next(bytes, &offset)) }
    return files
  }

  /// Reads the entry of a listing that begins at `offset`, which is then at the next.
  package static func next(_ bytes: [UInt8], _ offset: inout Int) throws(HullError) -> ListedFile {
    guard bytes.count - offset >= fixed, let kind = Kind(rawValue: bytes[offset]) else { throw broken }
    var file = ListedFile(kind: kind, path: "", mode: WireInteger.read(UInt32.self, bytes, offset + 1) & 0o7777)
    file.size = WireInteger.read(Int64.self, bytes, offset + 5)
    file.modified = WireInteger.read(Int64.self, bytes, offset + 13)
    file.changed = WireInteger.read(Int64.self, bytes, offset + 21)
    file.inode = WireInteger.read(UInt64.self, bytes, offset + 29)
    let lengths = (0..<3).map { Int(WireInteger.read(UInt32.self, bytes, offset + 37 + 4 * $0)) }
    offset += fixed
    guard lengths.allSatisfy({ $0 <= 1 << 16 }), bytes.count - offset >= lengths.reduce(0, +), file.size >= 0 else { throw broken }
    file.path = String(decoding: bytes[offset..<(offset + lengths[0])], as: UTF8.self)
    offset += lengths[0]
    file.link = String(decoding: bytes[offset..<(offset + lengths[1])], as: UTF8.self)
    offset += lengths[1]
    file.capability = Array(bytes[offset..<(offset + lengths[2])])
    offset += lengths[2]
    guard isInside(file.path) else { throw broken }
    return file
  }

  private static let broken = HullError(.invalidArgument, "the listing of the build context is broken")

  /// A relative path without empty, `.` and `..` components.
  private static func isInside(_ path: String) -> Bool {
    let slash = UInt8(ascii: "/")
    let dot = UInt8(ascii: ".")
    return !path.isEmpty
      && path.utf8.split(separator: slash, omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty && !(part.count == 1 && part.first == dot) && !(part.count == 2 && part.allSatisfy { $0 == dot })
      }
  }
}
