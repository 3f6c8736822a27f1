// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Reads a tar stream entry by entry: v7, ustar, star, pax and GNU, with long names and sparse files.
///
/// Made for hostile input: every number is checked, every extension header is bounded, memory does not grow with the archive.
/// Like Go's reader, which Docker uses, it ignores pax global headers and the size of entries that have no data.
package final class TarReader {
  /// What one archive may ask of us.
  package struct Limits: Sendable {
    /// An archive with as many entries is refused.
    package var entries = 1_000_000
    /// Bytes of one extension header.
    package var extensionHeader: Int64 = 1 << 20
    package init() {}
  }

  private var input: TarInput
  private let limits: Limits
  private var headers = 0
  private var entries = 0
  private var last = ""
  private var stored: Int64 = 0
  private var padding: Int64 = 0
  private var position: Int64 = 0
  private var sparse: (map: SparseMap, next: Int)?

  package init(_ source: any ChunkSource, limits: Limits = Limits()) {
    input = TarInput(source)
    self.limits = limits
  }

  /// The next entry; what is left of the one before is skipped. `nil` at the archive's end.
  package func next() throws(HullError) -> TarEntry? {
    try skipData()
    var pax = PaxRecords()
    var longPath: [UInt8]?
    var longLink: [UInt8]?
    while true {
      guard let block = try nextHeaderBlock() else { return nil }
      let header = try parse(block)
      switch header.type {
      case UInt8(ascii: "x"), UInt8(ascii: "X"):
        let data = try extensionData(header)
        do { pax = try PaxRecords(data) } catch { throw damaged("pax header \(quoted(text(header.path)))", error) }
      case UInt8(ascii: "g"): _ = try extensionData(header)
      case UInt8(ascii: "L"): longPath = try extensionData(header).upToNUL()
      case UInt8(ascii: "K"): longLink = try extensionData(header).upToNUL()
      case UInt8(ascii: "V"): try begin(stored: 0, of: header)
      default: return try entry(header, block, pax, longPath: longPath, longLink: longLink)
      }
    }
  }

  /// The next piece of the entry's data and where in the file it belongs; `nil` when there is no more. Holes are left out.
  package func data() throws(HullError) -> (offset: Int64, bytes: UnsafeRawBufferPointer)? {
    guard stored > 0 else { return nil }
    var offset = position
    var limit = stored
    if let (map, next) = sparse {
      let segment = map.segments[next]
      offset = segment.offset + position
      limit = segment.length - position
    }
    guard let bytes = try inEntry({ () throws(HullError) in try input.piece(upTo: limit) }) else {
      throw HullError(.invalidArgument, "archive: truncated in the data of \(last)")
    }
    stored -= Int64(bytes.count)
    position += Int64(bytes.count)
    if let (map, next) = sparse, position == map.segments[next].length {
      sparse = (map, next + 1)
      position = 0
    }
    return (offset, bytes)
  }

  /// The entry's data as one array, at most `limit` bytes of it: for the small files that describe an image.
  package func bytes(of entry: TarEntry, limit: Int64) throws(HullError) -> [UInt8] {
    guard entry.size <= limit else { throw HullError(.tooLarge, "archive: \(entry.name) has \(entry.size) bytes, more than \(limit)") }
    var result = [UInt8](repeating: 0, count: Int(entry.size))
    while let (offset, bytes) = try data() {
      result.withUnsafeMutableBytes { $0[Int(offset)...].copyBytes(from: bytes) }
    }
    return result
  }

  /// What the stream itself complains about (a decompression bomb, damage) is said of the entry in whose data it came up.
  private func inEntry<Value>(_ read: () throws(HullError) -> Value) throws(HullError) -> Value {
    do { return try read() } catch {
      let prefix = "archive: "
      let reason = error.message.hasPrefix(prefix) ? String(error.message.dropFirst(prefix.count)) : error.message
      throw HullError(error.code, "archive: in the data of \(last): \(reason)", cause: error.cause)
    }
  }

  // MARK: Headers

  private func nextHeaderBlock() throws(HullError) -> TarBlock? {
    guard let block = try input.block(after: last) else { return nil }
    if !block.withBytes(TarHeader.isZero) { return block }
    // The end is two zero blocks; some writers leave it at one.
    guard let second = try input.block(after: last) else { return nil }
    guard second.withBytes(TarHeader.isZero) else { throw HullError(.invalidArgument, "archive: a lone zero block after \(last)") }
    return nil
  }

  private func parse(_ block: TarBlock) throws(HullError) -> TarHeader {
    headers += 1
    guard headers < limits.entries * 3 else { throw HullError(.tooLarge, "archive: too many headers before an entry, after \(last)") }
    do throws(TarHeader.Problem) {
      return try block.withBytes { (bytes) throws(TarHeader.Problem) in try TarHeader(bytes) }
    } catch {
      switch error {
      case .checksum where entries == 0 && headers == 1: throw HullError(.invalidArgument, "archive: not a tar archive")
      case .checksum: throw HullError(.invalidArgument, "archive: damaged header after \(last)")
      case .number(let field): throw HullError(.invalidArgument, "archive: unreadable \(field) in the header after \(last)")
      }
    }
  }

  private func extensionData(_ header: TarHeader) throws(HullError) -> [UInt8] {
    guard header.size >= 0, header.size <= limits.extensionHeader else {
      throw HullError(.tooLarge, "archive: extension header of \(header.size) bytes after \(last) (at most \(limits.extensionHeader))")
    }
    try begin(stored: header.size, of: header)
    var data: [UInt8] = []
    data.reserveCapacity(Int(header.size))
    while let (_, bytes) = try self.data() { data.append(contentsOf: bytes) }
    try skipData()
    return data
  }

  private func entry(
    _ header: TarHeader, _ block: TarBlock, _ pax: PaxRecords, longPath: [UInt8]?, longLink: [UInt8]?
  ) throws(HullError) -> TarEntry {
    let path = longPath ?? pax.sparse.name ?? pax.path ?? header.path
    last = quoted(text(path))
    entries += 1
    guard entries < limits.entries else { throw HullError(.tooLarge, "archive: refused at entry \(last): \(limits.entries) entries or more") }
    var entry = TarEntry(kind: try kind(header, path: path), path: path, mode: UInt32(truncatingIfNeeded: header.mode) & 0o7777)
    entry.link = longLink ?? pax.link ?? header.link
    entry.uid = try id("owner", pax.uid ?? header.uid)
    entry.gid = try id("group", pax.gid ?? header.gid)
    entry.modified = pax.modified ?? TarEntry.Time(seconds: header.modified)
    entry.major = try id("device major", header.major)
    entry.minor = try id("device minor", header.minor)
    entry.attributes = pax.attributes
    guard !path.isEmpty else { throw HullError(.invalidArgument, "archive: an entry without a name") }
    guard entry.kind == .regular else {
      try begin(stored: header.type == UInt8(ascii: "D") ? try dataSize(header, pax) : 0, of: header)
      return entry
    }
    let size = try dataSize(header, pax)
    try begin(stored: size, of: header)
    entry.size = size
    try readSparseMap(header, block, pax, into: &entry)
    return entry
  }

  private func kind(_ header: TarHeader, path: [UInt8]) throws(HullError) -> TarEntry.Kind {
    switch header.type {
    case 0: return path.last == UInt8(ascii: "/") ? .directory : .regular
    case UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"): return .regular
    case UInt8(ascii: "1"): return .hardLink
    case UInt8(ascii: "2"): return .symbolicLink
    case UInt8(ascii: "3"): return .characterDevice
    case UInt8(ascii: "4"): return .blockDevice
    case UInt8(ascii: "5"), UInt8(ascii: "D"): return .directory
    case UInt8(ascii: "6"): return .fifo
    case let other:
      throw HullError(.invalidArgument, "archive: entry \(last) is of unknown type \(quoted(text([other])))")
    }
  }

  private func dataSize(_ header: TarHeader, _ pax: PaxRecords) throws(HullError) -> Int64 {
    let size = pax.size ?? header.size
    guard size >= 0, size < 1 << 56 else { throw HullError(.invalidArgument, "archive: entry \(last) has an impossible size of \(size) bytes") }
    return size
  }

  /// 4294967295 means "unchanged" to chown and is nobody's number.
  private func id(_ what: String, _ value: Int64) throws(HullError) -> UInt32 {
    guard let id = UInt32(exactly: value), id != .max else {
      throw HullError(.invalidArgument, "archive: entry \(last) has an impossible \(what) of \(value)")
    }
    return id
  }

  // MARK: Data

  private func begin(stored: Int64, of header: TarHeader) throws(HullError) {
    self.stored = stored
    padding = -stored & 511
    position = 0
    sparse = nil
  }

  private func skipData() throws(HullError) {
    let (rest, filling) = (stored, padding)
    guard try inEntry({ () throws(HullError) in try input.skip(rest) }) else {
      throw HullError(.invalidArgument, "archive: truncated in the data of \(last)")
    }
    // Some writers end an archive at its last byte of data: what fills the block may be missing, but then all of it.
    if filling > 0, let first = try inEntry({ () throws(HullError) in try input.piece(upTo: filling)?.count }),
      try !inEntry({ () throws(HullError) in try input.skip(filling - Int64(first)) })
    {
      throw HullError(.invalidArgument, "archive: truncated in the data of \(last)")
    }
    stored = 0
    padding = 0
    sparse = nil
  }

  // MARK: Sparse files

  private func readSparseMap(_ header: TarHeader, _ block: TarBlock, _ pax: PaxRecords, into entry: inout TarEntry) throws(HullError) {
    let segments: [SparseMap.Segment]?
    let realSize: Int64?
    if header.type == UInt8(ascii: "S") {
      (segments, realSize) = try oldSparseMap(block)
    } else if pax.sparse.major == 1, pax.sparse.minor == 0 {
      (segments, realSize) = (try sparseMapInData(), pax.sparse.realSize)
    } else if pax.sparse.hasMap {
      (segments, realSize) = (pax.sparse.segments, pax.sparse.realSize)
    } else {
      return
    }
    guard let segments, let realSize, realSize < 1 << 56, let map = SparseMap(segments, realSize: realSize, stored: stored) else {
      throw HullError(.invalidArgument, "archive: entry \(last) has a damaged map of holes")
    }
    entry.size = realSize
    sparse = (map, 0)
    position = 0
  }

  /// Old GNU format: four segments in the header, then blocks of 21 while each says that another follows.
  private func oldSparseMap(_ block: TarBlock) throws(HullError) -> ([SparseMap.Segment]?, Int64?) {
    var segments = block.withBytes { SparseMap.oldSegments($0, at: 386, count: 4) }
    let realSize = block.withBytes { TarField.number(UnsafeRawBufferPointer(rebasing: $0[483..<495])) }
    var more = block.withBytes { $0[482] != 0 }
    while more {
      guard let next = try input.block(after: last) else { throw HullError(.invalidArgument, "archive: truncated in the header of \(last)") }
      guard let part = next.withBytes({ SparseMap.oldSegments($0, at: 0, count: 21) }) else { return (nil, nil) }
      segments?.append(contentsOf: part)
      guard segments?.count ?? 0 <= SparseMap.maximumSegments else { return (nil, nil) }
      more = next.withBytes { $0[504] != 0 }
    }
    return (segments, realSize)
  }

  /// pax format 1.0: a count and pairs of numbers, one a line, in whole blocks at the start of the data.
  private func sparseMapInData() throws(HullError) -> [SparseMap.Segment]? {
    var numbers: [Int64] = []
    var digits: [UInt8] = []
    var wanted = 1
    while numbers.count < wanted {
      guard stored >= 512, let block = try input.block(after: last) else { return nil }
      stored -= 512
      for byte in block.bytes where numbers.count < wanted {
        guard byte == 0x0a else {
          digits.append(byte)
          guard digits.count <= 20 else { return nil }
          continue
        }
        guard let number = TarField.decimal(digits) else { return nil }
        digits = []
        numbers.append(number)
        if numbers.count == 1 {
          guard number <= SparseMap.maximumSegments else { return nil }
          wanted += Int(number) * 2
        }
      }
    }
    return stride(from: 1, to: numbers.count, by: 2).map { SparseMap.Segment(offset: numbers[$0], length: numbers[$0 + 1]) }
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private func damaged(_ what: String, _ problem: any Error) -> HullError {
    if case PaxRecords.Problem.malformed(let part) = problem {
      return HullError(.invalidArgument, "archive: \(what) has a damaged record (\(part)), after \(last)")
    }
    return HullError(.invalidArgument, "archive: \(what) is damaged, after \(last)")
  }
}

extension [UInt8] {
  fileprivate func upToNUL() -> [UInt8] { Array(prefix { $0 != 0 }) }
}
