// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// What is built: the Dockerfile, and the contexts, of this side's or elsewhere.
struct BuildSource {
  private(set) var contexts: [String: BuildContext] = [:]
  /// A context that the engine fetches.
  private(set) var remote = ""
  /// The Dockerfile's name for messages, or its path in a remote context.
  private(set) var dockerfile = "Dockerfile"
  /// `nil`: it is in the remote context.
  private(set) var text: String?
  /// Named contexts as the engine takes them.
  private(set) var named: [String: String] = [:]
  private var temporary: String?

  init(_ call: Invocation) throws {
    let (context, file) = (call.arguments[0], call.string("file"))
    if context == "-", file == "-" { throw HullError(.invalidArgument, "invalid argument: can't use stdin for both build context and dockerfile") }
    if context == "-" {
      try readStandardInput(file)
    } else if Self.isRemote(context) {
      remote = context
      if file == "-" { text = try Self.text(of: Files.readAll(0, path: "standard input")) } else if !file.isEmpty { dockerfile = file }
    } else {
      try open(context, file)
    }
    for value in call.list("build-context") { try addNamed(value) }
  }

  /// Removes what was unpacked for the build.
  func remove() {
    if let temporary { TemporaryDirectory.remove(temporary) }
  }

  static func isRemote(_ context: String) -> Bool {
    ["https://", "http://", "git://", "ssh://", "git@", "github.com/"].contains { context.hasPrefix($0) } && !Files.isDirectory(context)
  }

  // MARK: The context

  private mutating func open(_ context: String, _ file: String) throws {
    guard let directory = Self.real(context) else {
      throw HullError(.notFound, "unable to prepare context: path \(Text.quoted(context)) not found")
    }
    guard Files.isDirectory(directory) else {
      throw HullError(.invalidArgument, "unable to prepare context: \(context) is not a directory")
    }
    contexts["context"] = BuildContext(directory: directory)
    guard file != "-" else {
      text = Self.text(of: try Files.readAll(0, path: "standard input"))
      return
    }
    let path = file.isEmpty ? Self.usual(in: directory) : Paths.absolute(file, from: Environment.workingDirectory)
    guard let bytes = try? Files.read(path) else {
      throw HullError(.notFound, "failed to read dockerfile: open \(file.isEmpty ? "Dockerfile" : file): \(Self.reason(path))")
    }
    try Self.check(path, in: directory)
    text = Self.text(of: bytes)
    // Its own name in the context, where it is there: `<Dockerfile>.dockerignore` lies beside it.
    let parent = Self.real(Paths.split(path).parent).map { "\($0)/\(Paths.split(path).name)" } ?? path
    dockerfile = parent.hasPrefix(directory + "/") ? String(parent.dropFirst(directory.utf8.count + 1)) : Paths.split(path).name
    if directory == "/" { dockerfile = String(parent.dropFirst()) }
  }

  /// `Dockerfile`, or `dockerfile` where only that is there.
  private static func usual(in directory: String) -> String {
    let names = ["\(directory)/Dockerfile", "\(directory)/dockerfile"]
    return names.first { real($0) != nil } ?? names[0]
  }

  /// Who builds what others wrote has looked at its files, not at where its links lead.
  private static func check(_ path: String, in context: String) throws {
    guard let parent = real(Paths.split(path).parent), let target = real(path) else { return }
    let prefix = context == "/" ? context : context + "/"
    guard !(parent + "/").hasPrefix(prefix) || target.hasPrefix(prefix) else {
      throw HullError(.invalidArgument, "the Dockerfile \(path) is a link that leads out of the context: name the file itself with -f")
    }
  }

  private static func real(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  private static func reason(_ path: String) -> String {
    access(path, R_OK) == 0 ? "is it a directory?" : errorText(errno).lowercased()
  }

  private static func text(of bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  // MARK: Standard input

  /// An archive is the context; anything else is a Dockerfile that needs no files.
  private mutating func readStandardInput(_ file: String) throws {
    if Terminal.isTerminal(0) { throw HullError(.invalidArgument, "unable to read the context: standard input is a terminal") }
    var head: [UInt8] = []
    while head.count < 512 {
      let piece = try Files.readSome(0, path: "standard input", limit: 512 - head.count)
      if piece.isEmpty { break }
      head += piece
    }
    guard let program = Self.decompressor(head) else {
      text = Self.text(of: head + (try Files.readAll(0, path: "standard input")))
      contexts["context"] = BuildContext()
      return
    }
    let directory = try TemporaryDirectory.make("hull-build")
    temporary = directory
    try unpack(head, program, into: directory)
    try open(directory, file.isEmpty ? "" : "\(directory)/\(file)")
  }

  /// How the archive that begins like this is unpacked: a program, or nothing for a plain one; `nil`: it is no archive.
  private static func decompressor(_ head: [UInt8]) -> [String]?? {
    let programs: [([UInt8], String)] = [
      ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), (Array("BZh".utf8), "bzip2"), ([0xFD] + Array("7zXZ".utf8), "xz"),
    ]
    for (magic, program) in programs where head.starts(with: magic) { return .some([program, "-dc"]) }
    return head.count == 512 && head[257..<262].elementsEqual("ustar".utf8) ? .some(nil) : nil
  }

  private func unpack(_ head: [UInt8], _ program: [String]?, into directory: String) throws {
    var first = head
    var extractor = try TreeExtractor(into: directory)
    guard let program else {
      var reader = TarReader {
        defer { first = [] }
        return first.isEmpty ? try Files.readSome(0, path: "standard input", limit: 1 << 18) : first
      }
      return try extractor.extract(&reader) { $0 }
    }
    // The bytes that were looked at go first, from a file, so that the program sees the whole.
    let spool = try spooled(head, directory)
    defer { unlink(spool) }
    let script = "{ cat \"$0\" -; } | \(program.joined(separator: " "))"
    let child = try ChildProcess(["sh", "-c", script, spool], input: .inherit, output: .pipe)
    var reader = TarReader { try Files.readSome(child.output, path: program[0], limit: 1 << 18) }
    try extractor.extract(&reader) { $0 }
    guard child.wait() == 0 else { throw HullError(.invalidArgument, "the archive on standard input is broken: \(program[0]) cannot read it") }
  }

  private func spooled(_ head: [UInt8], _ directory: String) throws -> String {
    let path = "\(directory).head"
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError(path: path, verb: "create", code: errno) }
    defer { close(descriptor) }
    Output.writeAll(descriptor, head)
    return path
  }

  // MARK: Named contexts

  /// An image in an OCI layout: the directory is sent, the engine finds the image in it.
  private mutating func addLayout(_ name: String, _ place: String) throws -> Bool {
    let scheme = "oci-layout://"
    guard place.hasPrefix(scheme) else { return false }
    var (path, rest) = (String(place.dropFirst(scheme.count)), "")
    if let (before, digest) = Text.cutLast(path, "@"), digest.hasPrefix("sha256:") { (path, rest) = (before, "@\(digest)") }
    if let (before, tag) = Text.cutLast(path, ":"), !tag.contains("/") { (path, rest) = (before, ":\(tag)\(rest)") }
    guard let directory = Self.real(path), Files.isDirectory(directory) else {
      throw HullError(.notFound, "failed to get build context \(name): \(path) is not a directory")
    }
    let key = "layout\(contexts.count)"
    contexts[key] = BuildContext(directory: directory)
    named[name] = "\(scheme)\(key)\(rest)"
    return true
  }

  private mutating func addNamed(_ value: String) throws {
    guard let (name, place) = Text.cut(value, "="), !name.isEmpty, !place.isEmpty else {
      throw HullError(.invalidArgument, "invalid context value: \(value), expected key=value")
    }
    if try addLayout(name, place) { return }
    if place.contains("://") || place.hasPrefix("target:") || Self.isRemote(place) {
      named[name] = place
      return
    }
    guard let directory = Self.real(place), Files.isDirectory(directory) else {
      throw HullError(.notFound, "failed to get build context \(name): \(place) is not a directory")
    }
    contexts[name] = BuildContext(directory: directory)
    named[name] = "local:\(name)"
  }
}
