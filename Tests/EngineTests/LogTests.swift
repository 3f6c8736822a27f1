// SPDX-License-Identifier: Apache-2.0
import Foundation
import NIOCore
import Testing

@testable import Engine

@Suite struct LogTests {
  private let directory = FileManager.default.temporaryDirectory.path + "/hull-log-" + UUID().uuidString

  private func path() throws -> String {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    return directory + "/c-json.log"
  }

  private func line(_ number: Int, _ stream: String = "stdout") -> String {
    "{\"log\":\"line \(number)\\n\",\"stream\":\"\(stream)\",\"time\":\"2024-11-22T12:00:\(number < 10 ? "0" : "")\(number).5Z\"}\n"
  }

  private func write(_ numbers: ClosedRange<Int>, to path: String) throws {
    try numbers.map { line($0) }.joined().write(toFile: path, atomically: false, encoding: .utf8)
  }

  private func options(_ change: (inout LogOptions) -> Void = { _ in }) -> LogOptions {
    var options = LogOptions()
    options.stdout = true
    options.stderr = true
    change(&options)
    return options
  }

  private func text(_ path: String, _ options: LogOptions, follow: LogFollow? = nil) async throws -> String {
    let reader = LogReader(path: path, options: options, terminal: true, follow: follow)
    var all = ByteBuffer()
    while var chunk = try await reader.next() { all.writeBuffer(&chunk) }
    return String(buffer: all)
  }

  @Test func aRecordIsTakenApart() throws {
    let text = #"{"log":"a\"\\\u00e9\ud83d\ude00\u0007\n","stream":"stderr","attrs":{"b":"2","a":"1"},"time":"2026-11-22T12:00:00.123456789Z"}"#
    let line = try #require(LogLine(Array(text.utf8)[...]))
    #expect(String(decoding: line.message, as: UTF8.self) == "a\"\\é😀\u{7}\n")
    #expect(line.isError)
    #expect(line.attributes == "a=1,b=2")
    #expect(Timestamp.fixedText(line.time) == "2026-11-22T12:00:00.123456789Z")
    #expect(LogLine(Array(text.utf8).dropLast(5)[...]) == nil)
  }

  @Test func rotatedFilesAreReadOldestFirst() async throws {
    let path = try path()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try write(1...3, to: path + ".2")
    try write(4...6, to: path + ".1")
    try write(7...9, to: path)
    #expect(try await text(path, options()) == (1...9).map { "line \($0)\n" }.joined())
    #expect(try await text(path, options { $0.tail = 4 }) == (6...9).map { "line \($0)\n" }.joined())
    #expect(try await text(path, options { $0.tail = 0 }).isEmpty)
    #expect(try await text(path, options { $0.tail = 100 }).hasPrefix("line 1\n"))
  }

  @Test func sinceAndUntilBoundTheTime() async throws {
    let path = try path()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try write(1...9, to: path)
    let since = try #require(Timestamp.parse(Array("2024-11-22T12:00:03Z".utf8)))
    let until = try #require(Timestamp.parse(Array("2024-11-22T13:00:05+01:00".utf8)))
    let found = try await text(
      path,
      options {
        $0.since = since
        $0.until = until
      })
    #expect(found == "line 3\nline 4\n")
  }

  @Test func framesCarryStreamAndLength() async throws {
    let path = try path()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try (line(1) + line(2, "stderr")).write(toFile: path, atomically: false, encoding: .utf8)
    let reader = LogReader(path: path, options: options { $0.timestamps = true }, terminal: false, follow: nil)
    var chunk = try #require(try await reader.next())
    #expect(chunk.readInteger(as: UInt32.self) == 1 << 24)
    #expect(chunk.readInteger(as: UInt32.self) == 38)
    #expect(chunk.readString(length: 38) == "2024-11-22T12:00:01.500000000Z line 1\n")
    #expect(chunk.readInteger(as: UInt32.self) == 2 << 24)
  }

  @Test func followingSeesRotationAndEndsWithTheContainer() async throws {
    let path = try path()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try write(1...2, to: path)
    let watcher = LogWatcher()
    let ended = Flag()
    let follow = LogFollow(changes: try watcher.changes(in: directory)) { ended.isSet }
    async let all = text(path, options(), follow: follow)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(line(3).utf8))
    try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
    try handle.write(contentsOf: Data(line(4).utf8))
    try write(5...6, to: path)
    ended.set()
    watcher.poke(directory)
    #expect(try await all == (1...6).map { "line \($0)\n" }.joined())
  }

  @Test func timesAreReadAndWrittenAsGoDoes() {
    #expect(Timestamp.text(0) == "0001-01-01T00:00:00Z")
    #expect(Timestamp.text(1_795_348_800_120_000_000) == "2026-11-22T12:00:00.12Z")
    #expect(Timestamp.parse(Array("2026-02-30".utf8)) == nil)
    #expect(Timestamp.parse(Array("1969-12-31T23:59:59.5Z".utf8)) == -500_000_000)
    #expect(Timestamp.duration(500_000_000) == "Less than a second")
    #expect(Timestamp.duration(119_000_000_000) == "About a minute")
    #expect(Timestamp.duration(47 * 3_600_000_000_000) == "47 hours")
    #expect(Timestamp.duration(15 * 86_400_000_000_000) == "2 weeks")
  }
}

/// Set once, seen by everyone.
private final class Flag: @unchecked Sendable {
  private let lock = NSLock()
  private var value = false
  var isSet: Bool { lock.withLock { value } }
  func set() { lock.withLock { value = true } }
}
