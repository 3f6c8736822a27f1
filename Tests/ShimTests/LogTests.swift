// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import ShimProtocol
import Testing

@testable import ShimCore

struct LogTests {
  private let directory: String

  init() throws {
    directory = NSTemporaryDirectory() + "hull-log-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  private func makeLog(maxSize: Int64? = nil, maxFiles: UInt32 = 1) throws -> JSONLog {
    try JSONLog(LogPlan(path: directory + "/c-json.log", maxSize: maxSize, maxFiles: maxFiles))
  }

  private func lines(_ suffix: String = "") throws -> [[String: String]] {
    let text = try String(contentsOfFile: directory + "/c-json.log" + suffix, encoding: .utf8)
    #expect(text.isEmpty || text.hasSuffix("\n"))
    return try text.split(separator: "\n").map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
  }

  private func append(_ log: JSONLog, _ bytes: [UInt8], _ stream: StandardStream = .standardOutput) {
    bytes.withUnsafeBytes { log.append($0, stream: stream) }
  }

  private func escaped(_ bytes: [UInt8]) -> String {
    let target = UnsafeMutableRawPointer.allocate(byteCount: bytes.count * JSONEscape.expansion + JSONEscape.slack, alignment: 16)
    defer { target.deallocate() }
    let count = bytes.withUnsafeBytes { JSONEscape.write($0.baseAddress ?? UnsafeRawPointer(target), count: $0.count, to: target) }
    return String(decoding: UnsafeRawBufferPointer(start: target, count: count), as: UTF8.self)
  }

  @Test func aLineLooksAsDockerWritesIt() throws {
    let log = try makeLog()
    append(log, Array("hello \"<world>\" & \\ \t\u{1}é\n".utf8))
    let text = try String(contentsOfFile: directory + "/c-json.log", encoding: .utf8)
    let prefix = #"{"log":"hello \"\u003cworld\u003e\" \u0026 \\ \u0009\u0001é\n","stream":"stdout","time":""#
    #expect(text.hasPrefix(prefix))
    #expect(text.dropFirst(prefix.count).wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"}\n/) != nil)
  }

  @Test func escapingIsIndependentOfThePlaceInABlock() {
    for position in 0..<40 {
      for special in ["\"", "\n", "é", "\u{2028}", "😀", "\u{7F}"] {
        let text = String(repeating: "a", count: position) + special + String(repeating: "b", count: 40 - position)
        let expected = ["\"": "\\\"", "\n": "\\n", "\u{2028}": "\\u2028"][special] ?? special
        #expect(escaped(Array(text.utf8)) == text.replacingOccurrences(of: special, with: expected))
      }
    }
  }

  @Test func whatIsNotUTF8IsReplacedByteForByte() {
    let cases: [([UInt8], String)] = [
      ([0xFF], #"\ufffd"#), ([0xC0, 0x80], #"\ufffd\ufffd"#), ([0xED, 0xA0, 0x80], #"\ufffd\ufffd\ufffd"#), ([0xE2, 0x82], #"\ufffd\ufffd"#),
      ([0xF4, 0x90, 0x80, 0x80], #"\ufffd\ufffd\ufffd\ufffd"#), ([0xE0, 0x9F, 0xBF], #"\ufffd\ufffd\ufffd"#), ([0xC3, 0x41], #"\ufffdA"#),
      ([0xE2, 0x82, 0xAC], "€"), ([0xF0, 0x9F, 0x98, 0x80], "😀"), ([0xEF, 0xBF, 0xBD], "\u{FFFD}"),
    ]
    for (bytes, expected) in cases { #expect(escaped(bytes) == expected) }
  }

  @Test func linesMayArriveInPieces() throws {
    let log = try makeLog()
    append(log, Array("one\ntw".utf8))
    append(log, Array("err".utf8), .standardError)
    append(log, Array("o\n\n".utf8))
    append(log, Array("or\n".utf8), .standardError)
    append(log, Array("rest".utf8))
    log.finish(.standardOutput)
    #expect(try lines().map { $0["log"] } == ["one\n", "two\n", "\n", "error\n", "rest"])
    #expect(try lines().map { $0["stream"] } == ["stdout", "stdout", "stdout", "stderr", "stdout"])
  }

  @Test(arguments: [1, 100, 4096, 16384, 65536]) func aLongLineIsSplitAfter16KiBHoweverItArrives(size: Int) throws {
    let log = try makeLog()
    let bytes = [UInt8](repeating: 0x78, count: 40_000) + [0x0A] + [UInt8](repeating: 0x79, count: 16_384) + [0x0A, 0x7A, 0x0A]
    for start in stride(from: 0, to: bytes.count, by: size) { append(log, Array(bytes[start..<min(start + size, bytes.count)])) }
    let found = try lines()
    #expect(found.map { $0["log"]?.utf8.count } == [16384, 16384, 40_000 - 32768 + 1, 16384, 1, 2])
    #expect(found[0]["time"] == found[2]["time"], "the pieces of a line carry one time")
  }

  @Test func timesAreWrittenAsGoWritesThem() {
    var timestamp = Timestamp()
    let target = UnsafeMutableRawPointer.allocate(byteCount: Timestamp.maximumLength, alignment: 1)
    defer { target.deallocate() }
    let cases: [(Int64, String)] = [
      (0, "1970-01-01T00:00:00Z"), (1_795_348_800_123_456_789, "2026-11-22T12:00:00.123456789Z"),
      (1_795_348_800_120_000_000, "2026-11-22T12:00:00.12Z"), (1_795_348_800_000_000_001, "2026-11-22T12:00:00.000000001Z"),
      (951_782_399_999_999_990, "2000-02-28T23:59:59.99999999Z"), (951_868_799_000_000_000, "2000-02-29T23:59:59Z"),
    ]
    for (time, expected) in cases {
      let count = timestamp.write(time, to: target)
      #expect(String(decoding: UnsafeRawBufferPointer(start: target, count: count), as: UTF8.self) == expected)
    }
  }

  @Test func aFullFileIsRotatedAndTheOldestGoes() throws {
    let log = try makeLog(maxSize: 1000, maxFiles: 3)
    for number in 0..<100 { append(log, Array("line \(number)\n".utf8)) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["c-json.log", "c-json.log.1", "c-json.log.2"])
    let all = try lines(".2") + lines(".1") + lines()
    let numbers = all.compactMap { $0["log"]?.dropFirst(5).dropLast() }.compactMap { Int($0) }
    #expect(numbers == Array((100 - numbers.count)..<100))
    for suffix in ["", ".1", ".2"] {
      let size = try FileManager.default.attributesOfItem(atPath: directory + "/c-json.log" + suffix)[.size] as? Int ?? 0
      #expect(size < 1200)
    }
  }

  @Test func aSingleFileIsEmptiedWhenFull() throws {
    let log = try makeLog(maxSize: 1000, maxFiles: 1)
    for number in 0..<100 { append(log, Array("line \(number)\n".utf8)) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["c-json.log"])
    #expect(try lines().last?["log"] == "line 99\n")
  }

  @Test func aLogThatIsContinuedCountsWhatIsThere() throws {
    for round in 0..<3 {
      let log = try makeLog(maxSize: 300, maxFiles: 2)
      for number in 0..<2 { append(log, Array("round \(round) \(number)\n".utf8)) }
      log.closeFile()
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 2)
  }

  @Test func aFullDiskLosesLinesButNeverHalfALine() throws {
    let tiny = directory + "/tiny"
    try FileManager.default.createDirectory(atPath: tiny, withIntermediateDirectories: true)
    guard mount("tmpfs", tiny, "tmpfs", 0, "size=64k") == 0 else { return }
    defer { umount2(tiny, Int32(MNT_DETACH)) }
    let log = try JSONLog(LogPlan(path: tiny + "/log", maxSize: nil, maxFiles: 1))
    for _ in 0..<50 { append(log, Array(String(repeating: "line of a container\n", count: 100).utf8)) }
    let text = try String(contentsOfFile: tiny + "/log", encoding: .utf8)
    #expect(text.utf8.count > 32_000)
    #expect(text.hasSuffix("\"}\n"))
    for line in text.split(separator: "\n") { _ = try JSONDecoder().decode([String: String].self, from: Data(line.utf8)) }
  }
}
