// SPDX-License-Identifier: Apache-2.0
import Errors

/// Writes a tar archive: plain ustar headers where they suffice, pax records where not. The same entries give the same bytes.
package final class TarWriter {
  private let sink: any ByteSink
  private var owed: Int64 = 0
  private var padding: Int64 = 0

  package init(_ sink: any ByteSink) { self.sink = sink }

  /// Begins an entry; a regular file's `entry.size` bytes follow through `write`. Paths of directories get their slash here.
  package func begin(_ entry: TarEntry) throws(HullError) {
    try endEntry()
    var entry = entry
    if entry.kind == .directory, entry.path.last != UInt8(ascii: "/") { entry.path.append(UInt8(ascii: "/")) }
    let records = TarWriter.records(for: entry)
    if !records.isEmpty {
      try sink.write(TarWriter.block(path: TarWriter.recordName(entry.path), type: UInt8(ascii: "x"), size: Int64(records.count), of: nil))
      try sink.write(records)
      try pad(Int64(records.count))
    }
    let size = entry.kind == .regular ? entry.size : 0
    try sink.write(TarWriter.block(path: entry.path, type: TarWriter.type(of: entry.kind), size: size, of: entry))
    owed = size
    padding = -size & 511
  }

  /// Some of the entry's data.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    guard bytes.count <= owed else { throw HullError(.internalError, "tar: more data than the entry's size") }
    owed -= Int64(bytes.count)
    try sink.write(bytes)
  }

  /// A whole small file.
  package func file(_ path: String, _ bytes: [UInt8], modified: TarEntry.Time = .init(seconds: 0)) throws(HullError) {
    var entry = TarEntry(kind: .regular, path: Array(path.utf8), mode: 0o644)
    entry.size = Int64(bytes.count)
    entry.modified = modified
    try begin(entry)
    owed = 0
    try sink.write(bytes)
  }

  /// Fills up what the entry still owes with zeros: its file became shorter while it was read.
  package func fill() throws(HullError) {
    while owed > 0 {
      let zeros = [UInt8](repeating: 0, count: Int(min(owed, 1 << 16)))
      try sink.write(zeros)
      owed -= Int64(zeros.count)
    }
  }

  /// The two zero blocks at the end.
  package func finish() throws(HullError) {
    try endEntry()
    try sink.write([UInt8](repeating: 0, count: 1024))
  }

  private func endEntry() throws(HullError) {
    guard owed == 0 else { throw HullError(.internalError, "tar: less data than the entry's size") }
    if padding > 0 { try sink.write([UInt8](repeating: 0, count: Int(padding))) }
    padding = 0
  }

  private func pad(_ size: Int64) throws(HullError) {
    let count = Int(-size & 511)
    if count > 0 { try sink.write([UInt8](repeating: 0, count: count)) }
  }

  // MARK: Headers

  private static let largestSize: Int64 = 0o777_7777_7777
  private static let largestID: UInt32 = 0o777_7777

  private static func block(path: [UInt8], type: UInt8, size: Int64, of entry: TarEntry?) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: TarHeader.size)
    func put(_ bytes: [UInt8], _ offset: Int, _ length: Int) {
      for (index, byte) in bytes.prefix(length).enumerated() { block[offset + index] = byte }
    }
    func put(_ number: Int64, _ offset: Int, _ length: Int) {
      let digits = Array(String(number, radix: 8).utf8)
      put(Array(repeating: 0x30, count: max(0, length - 1 - digits.count)) + digits, offset, length - 1)
    }
    let (prefix, name) = split(path) ?? ([], path)
    put(name, 0, 100)
    put(Int64(entry?.mode ?? 0o644), 100, 8)
    put(Int64(entry.map { $0.uid > largestID ? 0 : $0.uid } ?? 0), 108, 8)
    put(Int64(entry.map { $0.gid > largestID ? 0 : $0.gid } ?? 0), 116, 8)
    put(size > largestSize ? 0 : size, 124, 12)
    let seconds = entry?.modified.seconds ?? 0
    put(seconds < 0 || seconds > largestSize ? 0 : seconds, 136, 12)
    block[156] = type
    put(entry?.link ?? [], 157, 100)
    put(Array("ustar\u{0}00".utf8), 257, 8)
    put(Int64(entry?.major ?? 0), 329, 8)
    put(Int64(entry?.minor ?? 0), 337, 8)
    put(prefix, 345, 155)
    put(Array(repeating: 0x20, count: 8), 148, 8)
    let sum = block.reduce(Int64(0)) { $0 + Int64($1) }
    put(sum, 148, 7)
    block[155] = 0x20
    return block
  }

  private static func type(of kind: TarEntry.Kind) -> UInt8 {
    switch kind {
    case .regular: UInt8(ascii: "0")
    case .hardLink: UInt8(ascii: "1")
    case .symbolicLink: UInt8(ascii: "2")
    case .characterDevice: UInt8(ascii: "3")
    case .blockDevice: UInt8(ascii: "4")
    case .directory: UInt8(ascii: "5")
    case .fifo: UInt8(ascii: "6")
    }
  }

  /// A path as prefix and name of a ustar header; `nil` when it does not fit or is not ASCII.
  private static func split(_ path: [UInt8]) -> (prefix: [UInt8], name: [UInt8])? {
    guard path.allSatisfy({ $0 < 0x80 }) else { return nil }
    if path.count <= 100 { return ([], path) }
    guard path.count <= 256 else { return nil }
    // The last slash (not the one at the very end) that leaves at most 100 bytes behind it.
    guard let slash = path.indices.dropLast().first(where: { path[$0] == UInt8(ascii: "/") && path.count - $0 - 1 <= 100 }), slash <= 155, slash > 0
    else { return nil }
    return (Array(path[..<slash]), Array(path[(slash + 1)...]))
  }

  // MARK: pax

  private static func records(for entry: TarEntry) -> [UInt8] {
    var records: [UInt8] = []
    func add(_ key: [UInt8], _ value: [UInt8]) {
      let body = key.count + value.count + 3
      var length = body + String(body).utf8.count
      if String(length).utf8.count + body != length { length = body + String(length).utf8.count }
      records += Array("\(length) ".utf8) + key + [UInt8(ascii: "=")] + value + [0x0a]
    }
    func add(_ key: String, _ value: String) { add(Array(key.utf8), Array(value.utf8)) }
    if split(entry.path) == nil { add(Array("path".utf8), entry.path) }
    if entry.link.count > 100 || !entry.link.allSatisfy({ $0 < 0x80 }) { add(Array("linkpath".utf8), entry.link) }
    if entry.kind == .regular, entry.size > largestSize { add("size", String(entry.size)) }
    if entry.uid > largestID { add("uid", String(entry.uid)) }
    if entry.gid > largestID { add("gid", String(entry.gid)) }
    if entry.modified.seconds < 0 || entry.modified.seconds > largestSize { add("mtime", String(entry.modified.seconds)) }
    for attribute in entry.attributes.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
      add(PaxRecords.attributePrefix + attribute.name, attribute.value)
    }
    return records
  }

  private static func recordName(_ path: [UInt8]) -> [UInt8] {
    let last = path.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
    return Array("PaxHeaders.0/".utf8) + last.filter { $0 < 0x80 }.prefix(80)
  }
}
