// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// The root file system of `debian:SUITE`, made by mmdebstrap and streamed into the engine as it is packed.
struct DebianRoot {
  let suite: String

  /// The suite this machine runs; bookworm where it is not Debian.
  static var ownSuite: String {
    var values: [String: String] = [:]
    for line in (Files.text("/etc/os-release") ?? "").split(separator: "\n") {
      if let (key, value) = Text.cut(line, "=") { values[key] = value.filter { $0 != "\"" } }
    }
    return values["ID"] == "debian" ? values["VERSION_CODENAME"] ?? "bookworm" : "bookworm"
  }

  func image(_ reference: String, _ engine: EngineClient, _ progress: Progress?) throws -> String {
    guard getuid() == 0 else { throw HullError(.forbidden, "mmdebstrap needs root to make a root file system: run this as root") }
    guard !suite.isEmpty, suite.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }) else {
      throw HullError(.invalidArgument, "'\(suite)' is not the name of a Debian suite")
    }
    try Packages.need("mmdebstrap", package: "mmdebstrap", progress)
    progress?.begin("mmdebstrap \(suite): starting")
    let child = try ChildProcess(["env", "LC_ALL=C.UTF-8"] + command(), output: .pipe, errors: .pipe)
    let reader = MmdebstrapReader(child, suite: suite, progress)
    let options = ImageImport.Options(reference: reference, changes: ["CMD [\"bash\"]"], message: "mmdebstrap --variant=minbase \(suite)")
    do {
      return try ImageImport.send(options, to: engine) { try reader.read() }
    } catch {
      kill(child.pid, SIGTERM)
      _ = child.wait()
      throw error
    }
  }

  private func command() -> [String] {
    var words = ["mmdebstrap", "--variant=minbase", "--format=tar"]
    // apt inside the new root does not read this machine's configuration: how to reach the archive must be passed on,
    // and must not stay in the image.
    for option in transportOptions() { words.append("--aptopt=\(option)") }
    words += ["--customize-hook=rm -f \"$1\"/etc/apt/apt.conf.d/99mmdebstrap", suite, "-"]
    return words + AptSources.forSuite(suite)
  }

  private func transportOptions() -> [String] {
    guard let dump = try? ChildProcess.output(of: ["apt-config", "dump"]) else { return [] }
    return dump.split(separator: "\n").map(String.init).filter { line in
      ["Acquire::http::", "Acquire::https::", "Acquire::Retries", "Acquire::Check-"].contains { line.hasPrefix($0) } && !line.hasSuffix(" \"\";")
    }
  }
}

/// mmdebstrap's two streams: the archive, and what it says meanwhile.
private final class MmdebstrapReader {
  private let child: ChildProcess
  private let suite: String
  private let progress: Progress?
  private var words = ""
  private var last: [String] = []
  private var total = 0
  private var errorsEnded = false

  init(_ child: ChildProcess, suite: String, _ progress: Progress?) {
    self.child = child
    self.suite = suite
    self.progress = progress
  }

  /// The next bytes of the archive; empty when mmdebstrap has ended well, an error with its last words when not.
  func read() throws -> [UInt8] {
    while true {
      var pollers = [
        pollfd(fd: child.output, events: Int16(POLLIN), revents: 0), pollfd(fd: errorsEnded ? -1 : child.errors, events: Int16(POLLIN), revents: 0),
      ]
      poll(&pollers, 2, 200)
      if pollers[1].revents != 0 { try listen() }
      progress?.update(bytes: total)
      guard pollers[0].revents != 0 else { continue }
      let bytes = try Files.readSome(child.output, path: "mmdebstrap", limit: 1 << 18)
      total += bytes.count
      if !bytes.isEmpty { return bytes }
      while !errorsEnded { try listen() }
      let status = child.wait()
      guard status == 0 else {
        throw HullError(.internalError, "mmdebstrap \(suite) failed with status \(status): \(last.joined(separator: "; "))")
      }
      progress?.begin("engine: unpacking \(Units.size(Double(total), precision: 3))")
      return []
    }
  }

  private func listen() throws {
    let bytes = try Files.readSome(child.errors, path: "mmdebstrap")
    if bytes.isEmpty { errorsEnded = true }
    words += String(decoding: bytes, as: UTF8.self)
    while let end = words.firstIndex(where: { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }) {
      let line = Text.trimmed(words[..<end])
      words = String(words[words.index(after: end)...])
      if line.hasPrefix("I: ") { progress?.begin("mmdebstrap \(suite): \(line.dropFirst(3))") }
      if line.hasPrefix("E: ") || line.hasPrefix("W: ") { last = (last + [String(line)]).suffix(3) }
    }
  }
}
