// SPDX-License-Identifier: Apache-2.0
import Archive
import Database
import Errors
import Foundation
import Glibc
import ImageStore
import OCISpec
import Testing

/// A directory of a test's own, gone with it.
final class Scratch: Sendable {
  let path: String

  init(in parent: String = "/tmp") throws {
    var template = Array("\(parent)/hull-images-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw HullError(.internalError, "mkdtemp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Makes a directory and opens it.
  func directory(_ name: String) throws -> Int32 {
    try FileManager.default.createDirectory(atPath: self(name), withIntermediateDirectories: true)
    return open(self(name), O_RDONLY | O_DIRECTORY)
  }

  /// Opens bytes as a file to read from.
  func file(_ bytes: [UInt8]) throws -> Int32 {
    let name = self("input-\(UInt32.random(in: 0 ... .max))")
    try Data(bytes).write(to: URL(fileURLWithPath: name))
    return open(name, O_RDONLY)
  }

  /// A store with its own database.
  func store(_ name: String = "root") throws -> ImageStore {
    try FileManager.default.createDirectory(atPath: self(name), withIntermediateDirectories: true)
    let database = try HullDatabase(path: self(name) + "/hull.db", schemas: [ImageStore.schema])
    return try ImageStore(root: self(name), database: database)
  }

  /// Every file below `name` but the database and the lock, relative to it.
  func files(_ name: String) -> [String] {
    let all = FileManager.default.enumerator(atPath: self(name))?.compactMap { $0 as? String } ?? []
    let fixed: Set = ["content", "content/blobs", "content/blobs/sha256", "content/ingest", "content/partial", "layers", "images.lock"]
    return all.filter { !$0.hasPrefix("hull.db") && !fixed.contains($0) }.sorted()
  }

  /// Runs shell commands in a container's root directory; what they change is in `upper`.
  func change(_ lower: [String], _ commands: String) throws {
    for name in ["upper", "work", "mnt"] { close(try directory(name)) }
    let options = "lowerdir=\(lower.joined(separator: ":")),upperdir=upper,workdir=work,redirect_dir=off,metacopy=off"
    try run("unshare", "-m", "sh", "-ec", "mount -t overlay -o \(options) overlay mnt; cd mnt; \(commands)")
  }

  /// Runs a program with arguments; its output.
  @discardableResult
  func run(_ program: String, _ arguments: String..., input: String? = nil) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: path)
    let pipe = Pipe()
    process.standardOutput = pipe
    if let input { process.standardInput = FileHandle(forReadingAtPath: input) }
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw HullError(.internalError, "\(program) \(arguments) failed") }
    return String(decoding: output, as: UTF8.self)
  }
}

/// The error that `body` throws must have these words in its text.
func expectRefusal(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
  do {
    try body()
    Issue.record("nothing was refused", sourceLocation: sourceLocation)
  } catch {
    for word in words where !word.isEmpty && !"\(error)".contains(word) {
      Issue.record("\"\(error)\" does not say \"\(word)\"", sourceLocation: sourceLocation)
    }
  }
}

func read(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }
func text(_ path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }

func status(_ path: String) -> stat? {
  var status = stat()
  return lstat(path, &status) == 0 ? status : nil
}

/// All entries of a tar, with their data.
func entries(_ bytes: [UInt8]) throws -> [(entry: TarEntry, data: [UInt8])] {
  let reader = TarReader(BufferedChunks(PrefixedSource(bytes), size: 777))
  var result: [(TarEntry, [UInt8])] = []
  while let entry = try reader.next() {
    result.append((entry, entry.kind == .regular ? try reader.bytes(of: entry, limit: 1 << 24) : []))
  }
  return result
}
