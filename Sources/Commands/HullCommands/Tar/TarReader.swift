// SPDX-License-Identifier: Apache-2.0
import Errors

/// Reads a tar stream (ustar, pax, GNU long names) from a source that gives bytes as they come.
struct TarReader {
  private static let longestHeader = 1 << 20

  private let source: () throws -> [UInt8]
  private var buffer: [UInt8] = []
  private var start = 0
  private var left = 0
  private var pad = 0

  init(_ source: @escaping () throws -> [UInt8]) { self.source = source }

  /// The next entry; what was not read of the one before is skipped. `nil` at the end.
  mutating func next() throws -> TarEntry? {
    while left > 0 { _ = try data() }
    _ = try take(pad)
    pad = 0
    var overrides: [String: String] = [:]
    while true {
      guard let header = try block(), header.contains(where: { $0 != 0 }) else { return nil }
      try verify(header)
      let size = try Self.number(header[124..<136], "size")
      switch header[156] {
      case UInt8(ascii: "x"): overrides.merge(try Self.records(extended(size))) { $1 }
      case UInt8(ascii: "L"): overrides["path"] = Self.text(try extended(size)[...])
      case UInt8(ascii: "K"): overrides["linkpath"] = Self.text(try extended(size)[...])
      case UInt8(ascii: "g"): _ = try extended(size)
      default: return try entry(header, size, overrides)
      }
    }
  }

  /// The next bytes of the current entry; empty at its end.
  mutating func data() throws -> [UInt8] {
    guard left > 0 else { return [] }
    if start == buffer.count, try !fill() { throw truncated }
    let end = min(buffer.count, start + left)
    defer { start = end }
    left -= end - start
    return Array(buffer[start..<end])
  }

  private var truncated: HullError { HullError(.invalidArgument, "the archive ends in the middle of an entry") }

  private mutating func fill() throws -> Bool {
    buffer = try source()
    start = 0
    return !buffer.isEmpty
  }

  private mutating func take(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      if start == buffer.count, try !fill() { throw truncated }
      let end = min(buffer.count, start + count - bytes.count)
      bytes += buffer[start..<end]
      start = end
    }
    return bytes
  }

  private mutating func block() throws -> [UInt8]? {
    if start == buffer.count, try !fill() { return nil }
    return try take(TarFormat.block)
  }

  private mutating func extended(_ size: Int) throws -> [UInt8] {
    guard size <= Self.longestHeader else { throw HullError(.tooLarge, "the archive has an extended header of \(size) bytes") }
    let bytes = try take(size)
    _ = try take(TarFormat.padding(size).count)
    return bytes
  }

  private func verify(_ header: [UInt8]) throws {
    let sum = header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 0x20 : Int($1.element)) }
    guard try Self.number(header[148..<156], "checksum") == sum else {
      throw HullError(.invalidArgument, "the archive has a header with a wrong checksum")
    }
  }

  private mutating func entry(_ header: [UInt8], _ plainSize: Int, _ overrides: [String: String]) throws -> TarEntry {
    var name = Self.text(header[0..<100])
    let prefix = Self.text(header[345..<500])
    if header[257..<263].elementsEqual("ustar\u{0}".utf8), !prefix.isEmpty { name = prefix + "/" + name }
    name = overrides["path"] ?? name
    let type = header[156]
    guard let kind = type == 0 || type == 0x37 ? .file : TarEntry.Kind(rawValue: type) else {
      throw HullError(.invalidArgument, "archive entry \(name) is of the unknown type \(type)")
    }
    var entry = TarEntry(name: name, kind: kind == .file && name.hasSuffix("/") ? .directory : kind, mode: 0)
    entry.mode = UInt32(try Self.number(header[100..<108], "mode") & 0o7777)
    entry.uid = UInt32(truncatingIfNeeded: try overrides["uid"].flatMap { Int($0) } ?? Self.number(header[108..<116], "uid"))
    entry.gid = UInt32(truncatingIfNeeded: try overrides["gid"].flatMap { Int($0) } ?? Self.number(header[116..<124], "gid"))
    entry.modified = try overrides["mtime"].flatMap { Double($0) }.map { Int(max(-1e15, min($0, 1e15))) } ?? Self.number(header[136..<148], "mtime")
    entry.link = overrides["linkpath"] ?? Self.text(header[157..<257])
    entry.major = UInt32(truncatingIfNeeded: (try? Self.number(header[329..<337], "major")) ?? 0)
    entry.minor = UInt32(truncatingIfNeeded: (try? Self.number(header[337..<345], "minor")) ?? 0)
    let size = overrides["size"].flatMap { Int($0) } ?? plainSize
    guard size >= 0 else { throw HullError(.invalidArgument, "archive entry \(name) has a negative size") }
    if entry.kind == .file { entry.size = size }
    left = [.file, .hardLink, .directory].contains(entry.kind) ? size : 0
    pad = TarFormat.padding(left).count
    return entry
  }

  /// Octal digits, or GNU's base 256.
  private static func number(_ field: ArraySlice<UInt8>, _ what: String) throws -> Int {
    let bytes = Array(field)
    if bytes[0] & 0x80 != 0 {
      let value = bytes.dropFirst().suffix(7).reduce(0) { $0 << 8 | Int($1) }
      guard bytes[0] == 0x80, bytes.dropFirst().dropLast(7).allSatisfy({ $0 == 0 }) else {
        throw HullError(.invalidArgument, "archive entry with a \(what) out of range")
      }
      return value
    }
    let digits = text(field).filter { $0 != " " }
    if digits.isEmpty { return 0 }
    guard let value = Int(digits, radix: 8), value >= 0 else { throw HullError(.invalidArgument, "archive entry with a malformed \(what)") }
    return value
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String { String(decoding: field.prefix { $0 != 0 }, as: UTF8.self) }

  /// `length key=value\n`, repeated.
  private static func records(_ bytes: [UInt8]) throws -> [String: String] {
    var records: [String: String] = [:]
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let space = rest.firstIndex(of: 0x20), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
        length > space - rest.startIndex + 1, length <= rest.count,
        let (key, value) = Text.cut(
          String(decoding: rest[(space + 1)..<(rest.startIndex + length - 1)], as: UTF8.self), "=")
      else { throw HullError(.invalidArgument, "the archive has a malformed extended header") }
      records[key] = value
      rest = rest.dropFirst(length)
    }
    return records
  }
}
