// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem
import NIOCore
import OCISpec
import RegistryStore
import Synchronization

/// A descriptor of a blob that several answers share; closed when the last is done with it.
final class HotFile: Sendable {
  let descriptor: Int32
  let size: Int64

  init(descriptor: Int32, size: Int64) {
    self.descriptor = descriptor
    self.size = size
  }

  deinit { close(descriptor) }
}

/// An answer to `GET` and `HEAD` of one path, ready to be sent. True as long as its repository's generation is the same.
final class HotAnswer: Sendable {
  enum Body: Sendable {
    case bytes(ByteBuffer)
    case file(HotFile)
  }

  let repository: RepositoryName
  let generation: Int
  let digest: String
  let type: String
  let body: Body
  /// Set when it was asked for by tag.
  let tag: String?
  /// Seconds of the steady clock after which somebody must look again; nil: never.
  let expires: Int64?
  /// The minute in which a pull was noted last.
  let noted = Atomic<Int64>(0)
  /// Headers that do not depend on what part is sent, each with its line break.
  let headers: String
  /// The head of `200 OK` without its end.
  let head: ByteBuffer

  init(repository: RepositoryName, generation: Int, digest: Digest, type: String, body: Body, tag: String? = nil, expires: Int64? = nil) {
    self.repository = repository
    self.generation = generation
    self.digest = digest.description
    self.type = type
    self.body = body
    self.tag = tag
    self.expires = expires
    headers = Self.headers(digest, type, body)
    head = ByteBuffer(string: "HTTP/1.1 200 OK\r\n\(headers)Content-Length: \(Self.size(body))\r\n")
  }

  var size: Int64 { Self.size(body) }
  var etag: String { "\"\(digest)\"" }

  private static func headers(_ digest: Digest, _ type: String, _ body: Body) -> String {
    let common =
      "Docker-Distribution-Api-Version: registry/2.0\r\nX-Content-Type-Options: nosniff\r\nDocker-Content-Digest: \(digest)\r\n"
      + "ETag: \"\(digest)\"\r\nContent-Type: \(type)\r\n"
    if case .file = body { return common + "Accept-Ranges: bytes\r\nCache-Control: max-age=31536000\r\n" }
    return common
  }

  private static func size(_ body: Body) -> Int64 {
    switch body {
    case .bytes(let bytes): Int64(bytes.readableBytes)
    case .file(let file): file.size
    }
  }
}

/// Answers by path, bounded in bytes and in open files.
final class HotAnswers: Sendable {
  private let manifests = TwoGenerations<HotAnswer>(capacity: 4 << 20)
  private let blobs = TwoGenerations<HotAnswer>(capacity: 128)
  private let store: RegistryStore

  init(_ store: RegistryStore) { self.store = store }

  /// Nil when there is none, or when it may not be true any more.
  func find(_ path: String) -> HotAnswer? {
    guard let answer = manifests.find(path, weight: Self.weight) ?? blobs.find(path) else { return nil }
    guard answer.generation == store.generation(of: answer.repository), answer.expires.map({ $0 > Clock.seconds }) ?? true else {
      manifests.remove(path)
      blobs.remove(path)
      return nil
    }
    return answer
  }

  func keep(_ answer: HotAnswer, for path: String) {
    switch answer.body {
    case .bytes: manifests.insert(answer, for: path, weight: Self.weight(answer))
    case .file: blobs.insert(answer, for: path)
    }
  }

  /// Notes that a tag was pulled, once a minute.
  func notePull(_ answer: HotAnswer) {
    guard let tag = answer.tag else { return }
    let minute = Clock.seconds / 60 + 1
    guard answer.noted.exchange(minute, ordering: .relaxed) != minute else { return }
    store.notePull(tag, in: answer.repository)
  }

  private static func weight(_ answer: HotAnswer) -> Int { Int(answer.size) + 1024 }
}

/// A clock that never jumps.
enum Clock {
  static var seconds: Int64 { nanoseconds / 1_000_000_000 }

  static var nanoseconds: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }
}

/// The `Date` header's line, made once a second. For one event loop.
struct DateLine {
  private var second: Int = 0
  private var line = ByteBuffer()

  mutating func current() -> ByteBuffer {
    let now = time(nil)
    if now != second {
      second = now
      line = ByteBuffer(string: "Date: \(HTTPDate.text(Int64(now)))\r\n")
    }
    return line
  }
}

/// Times as HTTP writes them (RFC 9110, section 5.6.7).
enum HTTPDate {
  static func text(_ seconds: Int64) -> String {
    var parts = tm()
    var time = time_t(seconds)
    gmtime_r(&time, &parts)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) "
      + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
  }
}

extension HotFile {
  /// Reads exactly `count` bytes. Throws when the file is shorter than it was.
  func read(_ count: Int, at offset: Int64) throws(HullError) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    while buffer.readableBytes < count {
      let start = off_t(offset) + off_t(buffer.readableBytes)
      let left = count - buffer.readableBytes
      let got = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: left) { space in
        max(0, pread(descriptor, space.baseAddress, left, start))
      }
      guard got > 0 else { throw HullError(.internalError, "a blob's file is shorter than its \(size) bytes") }
    }
    return buffer
  }
}
