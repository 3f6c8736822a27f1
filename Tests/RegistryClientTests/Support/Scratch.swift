// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation

/// A directory of a test's own, gone with it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/hull-registry-client-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw HullError(.internalError, "mkdtemp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, and makes the directory that it is in.
  /// - Returns: its path.
  func write(_ name: String, _ text: String) throws -> String {
    let url = URL(fileURLWithPath: self(name))
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    return url.path
  }
}
