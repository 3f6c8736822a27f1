// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import FoundationEssentials
import GRDB
import Glibc
import LinuxSystem

/// RPM's database in the form of SQLite: a table of package headers (librpm, header format).
struct RpmDatabase {
  private let headers: [[UInt8]]

  /// Copies the file, since the database's own code works on files alone. Blocking.
  init(_ tree: any FileTree, _ path: String, copiedTo directory: String) throws(HullError) {
    let place = try PrivateDirectory(in: directory)
    let copy = place.path + "/rpmdb.sqlite"
    let file = OwnedDescriptor(
      try step("cannot copy the rpm database") { () throws(SystemError) in try Files.open(copy, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600) }.take())
    let sink = FileSink(file.number, name: "the rpm database")
    try tree.read(path) { bytes throws(HullError) in try sink.write(bytes) }
    defer { withExtendedLifetime(place) {} }
    do {
      let queue = try DatabaseQueue(path: copy)
      headers = try queue.read { database in
        guard try RpmDatabase.isPlain(database) else { throw DatabaseError(message: "Packages is not a table of values") }
        return try Row.fetchAll(database, sql: "SELECT blob FROM Packages ORDER BY hnum").map { Array($0[0] as Data) }
      }
      try queue.close()
    } catch {
      throw HullError(.invalidArgument, "cannot read the image's rpm database /\(path)", cause: error)
    }
  }

  /// Whoever made the image made the file: a view, a virtual table or a computed column would run what it says.
  private static func isPlain(_ database: GRDB.Database) throws -> Bool {
    let text = try String.fetchOne(database, sql: "SELECT sql FROM sqlite_master WHERE name = 'Packages' AND type = 'table'") ?? ""
    let columns = try Row.fetchAll(database, sql: "SELECT name FROM pragma_table_xinfo('Packages') WHERE name IN ('hnum', 'blob') AND hidden = 0")
    return text.uppercased().hasPrefix("CREATE TABLE") && columns.count == 2
  }

  func packages(_ distribution: Distribution) -> [PackageRecord] {
    headers.compactMap { RpmHeader($0)?.package(distribution) }
  }
}

/// One package's header: a count of index entries, a length of data, the entries, the data; all numbers big-endian.
struct RpmHeader {
  private let bytes: [UInt8]
  private let entries: Int
  private var data: Int { 8 + entries * 16 }

  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 8 else { return nil }
    self.bytes = bytes
    entries = RpmHeader.number(bytes, 0)
    guard entries < 1 << 16, bytes.count >= 8 + entries * 16 else { return nil }
  }

  func package(_ distribution: Distribution) -> PackageRecord? {
    // Keys are no software.
    guard let name = text(1000), let version = text(1001), let release = text(1002), name != "gpg-pubkey" else { return nil }
    var url = PackageURL(type: "rpm", namespace: distribution.id, name: name, version: "\(version)-\(release)")
    url.qualifiers = ["arch": text(1022) ?? "", "distro": distribution.qualifier, "upstream": text(1044) ?? ""]
    if let epoch = integer(1003) { url.qualifiers["epoch"] = String(epoch) }
    return PackageRecord(name: name, version: "\(version)-\(release)", license: text(1014) ?? "", supplier: text(1011) ?? "", url: url)
  }

  private func text(_ tag: Int) -> String? {
    // 6: a string, 9: one of several languages.
    guard let (kind, offset) = entry(tag), kind == 6 || kind == 9, offset < bytes.count else { return nil }
    return String(decoding: bytes[offset...].prefix { $0 != 0 }, as: UTF8.self)
  }

  private func integer(_ tag: Int) -> Int? {
    guard let (kind, offset) = entry(tag), kind == 4, offset + 4 <= bytes.count else { return nil }
    return RpmHeader.number(bytes, offset)
  }

  private func entry(_ tag: Int) -> (kind: Int, offset: Int)? {
    for index in 0..<entries {
      let start = 8 + index * 16
      if RpmHeader.number(bytes, start) == tag { return (RpmHeader.number(bytes, start + 4), data + RpmHeader.number(bytes, start + 8)) }
    }
    return nil
  }

  private static func number(_ bytes: [UInt8], _ offset: Int) -> Int {
    bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
  }
}
