// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Testing

@testable import HullCommands

/// An engine on a socket of its own: it answers what it is told to and remembers what it was asked.
///
/// Safe to share although nothing guards it: the thread that answers is the only one that writes, and `asked` is read when it has ended.
final class EngineDouble: @unchecked Sendable {
  private let directory: String
  private let listener: Int32
  private let answers: [String: String]
  /// `METHOD /path?query body`, in the order in which they came.
  private(set) var asked: [String] = []

  /// `answers`: bodies by `METHOD /path`; everything else is answered with 404.
  init(_ answers: [String: String]) throws {
    self.answers = answers
    var template = Array("/tmp/hull-engine-XXXXXX".utf8CString)
    _ = mkdtemp(&template)
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let target = path
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: target.utf8) }
    let bound = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    try #require(bound == 0 && listen(listener, 8) == 0)
  }

  private var path: String { directory + "/engine.sock" }

  deinit {
    close(listener)
    unlink(path)
    rmdir(directory)
  }

  /// Runs a verb against this engine: its status, and what it wrote.
  func run(_ words: [String]) -> (status: Int32, output: String, errors: String) {
    let (output, errors) = (Self.namelessFile(), Self.namelessFile())
    defer { for descriptor in [output, errors] { close(descriptor) } }
    var thread = pthread_t()
    pthread_create(&thread, nil, EngineDouble.serve, Unmanaged.passUnretained(self).toOpaque())
    let usual = Output.shared
    Output.shared = Output(output: output, errors: errors)
    let status = CommandRunner.run(["-H", "unix://\(path)"] + words)
    Output.shared = usual
    shutdown(listener, Int32(SHUT_RDWR))
    pthread_join(thread, nil)
    return (status, Self.content(output), Self.content(errors))
  }

  private static let serve: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { engine in
    guard let engine else { return nil }
    let double = Unmanaged<EngineDouble>.fromOpaque(engine).takeUnretainedValue()
    while case let descriptor = accept(double.listener, nil, nil), descriptor >= 0 { try? double.answer(Connection(descriptor: descriptor)) }
    return nil
  }

  private func answer(_ connection: Connection) throws {
    let line = (try connection.line() ?? "").split(separator: " ").prefix(2).joined(separator: " ")
    var length = 0
    while let header = try connection.line(), let (name, value) = Text.cut(header, ":") {
      if name == "Content-Length" { length = Int(Text.trimmed(value)) ?? 0 }
    }
    var body: [UInt8] = []
    while body.count < length { body += try connection.receive(limit: length - body.count) }
    asked.append(body.isEmpty ? line : "\(line) \(String(decoding: body, as: UTF8.self))")
    let place = Text.cut(line, "?")?.0 ?? line
    let content = answers[place] ?? "{\"message\":\"nothing at \(place)\"}"
    let status = answers[place] == nil ? "404 Not Found" : "200 OK"
    try connection.send("HTTP/1.1 \(status)\r\nConnection: close\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(content)".utf8)
  }

  /// A file that holds any amount and is gone with its descriptor.
  private static func namelessFile() -> Int32 {
    var template = Array("/tmp/hull-output-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    unlink(template)
    return descriptor
  }

  private static func content(_ descriptor: Int32) -> String {
    lseek(descriptor, 0, SEEK_SET)
    return String(decoding: (try? Files.readAll(descriptor, path: "")) ?? [], as: UTF8.self)
  }
}
