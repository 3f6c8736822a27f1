// SPDX-License-Identifier: Apache-2.0

/// The `length key=value` records of a pax extended header (POSIX.1 pax), those that Hull understands.
struct PaxRecords {
  enum Problem: Error { case malformed(String) }

  private(set) var path: [UInt8]?
  private(set) var link: [UInt8]?
  private(set) var size: Int64?
  private(set) var uid: Int64?
  private(set) var gid: Int64?
  private(set) var modified: TarEntry.Time?
  private(set) var attributes: [TarEntry.Attribute] = []
  private(set) var sparse = PaxSparse()

  static let attributePrefix = Array("SCHILY.xattr.".utf8)

  init() {}

  /// Reads a whole header's data. Later records win; an empty value takes an earlier one back.
  init(_ data: [UInt8]) throws(Problem) {
    var rest = data[...]
    while !rest.isEmpty {
      // A record is at least `5 a=\n` long; padding with NULs is seen in the wild.
      if rest.allSatisfy({ $0 == 0 }) { return }
      guard let space = rest.prefix(20).firstIndex(of: 0x20), let length = TarField.decimal(rest[rest.startIndex..<space]),
        length > space - rest.startIndex + 1, length <= rest.count
      else { throw .malformed("a record's length") }
      let end = rest.startIndex + Int(length)
      guard rest[end - 1] == 0x0a, let equals = rest[space..<end].firstIndex(of: UInt8(ascii: "=")) else { throw .malformed("a record") }
      try apply(key: Array(rest[(space + 1)..<equals]), value: Array(rest[(equals + 1)..<(end - 1)]))
      rest = rest[end...]
    }
  }

  private mutating func apply(key: [UInt8], value: [UInt8]) throws(Problem) {
    if key.starts(with: PaxRecords.attributePrefix) {
      try setAttribute(Array(key.dropFirst(PaxRecords.attributePrefix.count)), value)
      return
    }
    let name = String(decoding: key, as: UTF8.self)
    switch name {
    case "path": path = try text(name, value)
    case "linkpath": link = try text(name, value)
    case "size": size = try number(name, value)
    case "uid": uid = try number(name, value)
    case "gid": gid = try number(name, value)
    case "mtime":
      guard value.isEmpty || TarField.time(value) != nil else { throw .malformed("mtime") }
      modified = TarField.time(value)
    case _ where name.hasPrefix("GNU.sparse."):
      guard sparse.apply(String(name.dropFirst("GNU.sparse.".count)), value) else { throw .malformed(name) }
    default: break
    }
  }

  private mutating func setAttribute(_ name: [UInt8], _ value: [UInt8]) throws(Problem) {
    guard !name.isEmpty, !name.contains(0) else { throw .malformed("the name of an extended attribute") }
    attributes.removeAll { $0.name == name }
    if !value.isEmpty { attributes.append(TarEntry.Attribute(name: name, value: value)) }
  }

  private func text(_ name: String, _ value: [UInt8]) throws(Problem) -> [UInt8]? {
    guard !value.contains(0) else { throw .malformed("\(name), which contains a NUL") }
    return value.isEmpty ? nil : value
  }

  private func number(_ name: String, _ value: [UInt8]) throws(Problem) -> Int64? {
    if value.isEmpty { return nil }
    guard let number = TarField.decimal(value) else { throw .malformed(name) }
    return number
  }
}

/// GNU tar's sparse records in pax headers: formats 0.0 (offset and size records), 0.1 (one map record) and 1.0 (map in the data).
struct PaxSparse {
  private(set) var major: Int64?
  private(set) var minor: Int64?
  private(set) var name: [UInt8]?
  private(set) var realSize: Int64?
  private(set) var segments: [SparseMap.Segment] = []
  private(set) var hasMap = false
  private var pendingOffset: Int64?

  /// `false`: the value is not what the key asks for.
  mutating func apply(_ key: String, _ value: [UInt8]) -> Bool {
    switch key {
    case "name":
      name = value
      return !value.isEmpty && !value.contains(0)
    case "map": return setMap(value)
    case "major", "minor", "size", "realsize", "numblocks", "offset", "numbytes":
      guard let number = TarField.decimal(value) else { return false }
      return apply(key, number)
    default: return true
    }
  }

  private mutating func apply(_ key: String, _ number: Int64) -> Bool {
    switch key {
    case "major": major = number
    case "minor": minor = number
    case "size", "realsize": realSize = number
    case "offset":
      hasMap = true
      guard pendingOffset == nil else { return false }
      pendingOffset = number
    case "numbytes":
      guard let offset = pendingOffset else { return false }
      pendingOffset = nil
      segments.append(SparseMap.Segment(offset: offset, length: number))
    default: hasMap = true
    }
    return segments.count <= SparseMap.maximumSegments
  }

  private mutating func setMap(_ value: [UInt8]) -> Bool {
    hasMap = true
    segments = []
    if value.isEmpty { return true }
    let parts = value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard parts.count % 2 == 0, parts.count / 2 <= SparseMap.maximumSegments else { return false }
    for index in stride(from: 0, to: parts.count, by: 2) {
      guard let offset = TarField.decimal(parts[index]), let length = TarField.decimal(parts[index + 1]) else { return false }
      segments.append(SparseMap.Segment(offset: offset, length: length))
    }
    return true
  }
}
