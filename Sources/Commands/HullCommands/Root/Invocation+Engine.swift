// SPDX-License-Identifier: Apache-2.0
import Glibc

extension Invocation {
  /// A client of the engine that `--host` and the environment name.
  func engine() throws -> EngineClient { EngineClient(endpoint: try Endpoint.chosen(flag: host, environment: Environment.value)) }

  var out: Output { .shared }

  /// A table's width: the terminal's, unless the user wants everything.
  var fitting: Int? { bool("no-trunc") ? nil : Terminal.columns }

  /// Does the same for every argument: what succeeds is printed, what fails is told, and the status is 1 when something failed.
  func forEach(_ arguments: [String], _ body: (String) throws -> String?) -> Int32 {
    var status: Int32 = 0
    for argument in arguments {
      do {
        if let line = try body(argument) { out.line(line) }
      } catch let exit as ExitStatus {
        status = 1
        if let message = exit.message { out.error(message) }
      } catch {
        status = 1
        out.error(String(describing: error))
      }
    }
    return status
  }

  /// Asks on the terminal; only `y` and `yes` mean yes.
  func confirms(_ question: String) -> Bool {
    out.write(question + " [y/N] ")
    out.flush()
    let answer = Text.trimmed(readLine() ?? "").lowercased()
    return answer == "y" || answer == "yes"
  }
}

enum Environment {
  static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  static var workingDirectory: String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
  }
}

/// Whole files, and what they are.
enum Files {
  static func read(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, verb: "open", code: errno) }
    defer { close(descriptor) }
    return try readAll(descriptor, path: path)
  }

  static func readAll(_ descriptor: Int32, path: String) throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let piece = try readSome(descriptor, path: path)
      if piece.isEmpty { return all }
      all += piece
    }
  }

  /// The next bytes; empty at the end.
  static func readSome(_ descriptor: Int32, path: String, limit: Int = 65536) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      repeat { count = Glibc.read(descriptor, buffer.baseAddress, limit) } while count < 0 && errno == EINTR
      if count < 0 {
        let code = errno
        count = 0
        throw FileError(path: path, verb: "read", code: code)
      }
    }
  }

  static func text(_ path: String) -> String? { (try? read(path)).map { String(decoding: $0, as: UTF8.self) } }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func isDirectory(_ path: String) -> Bool {
    var info = stat()
    return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }

  /// With all that lead there.
  static func makeDirectories(_ path: String) throws {
    if isDirectory(path) { return }
    let parent = Paths.split(path).parent
    if parent != path { try makeDirectories(parent) }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw FileError(path: path, verb: "mkdir", code: errno) }
  }

  /// What is in a directory.
  static func names(_ path: String) throws -> [String] {
    guard let stream = opendir(path) else { throw FileError(path: path, verb: "open", code: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } })
    }
    return names.filter { $0 != "." && $0 != ".." }
  }
}

/// A file that could not be used, in Go's words: `open /x: no such file or directory`.
struct FileError: Error, CustomStringConvertible {
  var path: String
  var verb: String
  var code: Int32
  var description: String { "\(verb) \(path): \(Self.lowered(errorText(code)))" }

  private static func lowered(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }
}
