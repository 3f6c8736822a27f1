// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// From a container to here.
struct CopyOut {
  let call: Invocation
  let container: String

  func copy(_ source: String, to target: String) throws {
    let engine = try call.engine()
    if target != "-" { _ = try realParent(Paths.absolute(target, from: Environment.workingDirectory)) }
    var source = source
    var renamed: String?
    if call.bool("follow-link"), let info = try ContainerPathStat.of(source, in: container, call, engine), info.isLink {
      let parent = ContainerCopy.split(source).parent
      renamed = ContainerCopy.split(source).name
      source = info.linkTarget.hasPrefix("/") ? info.linkTarget : Paths.join(parent, info.linkTarget)
    }
    let response = try engine.send("GET", call.container(container, "/archive"), query: [("path", source)])
    if target == "-" { return try ArchiveOutput("", failing: "failed to copy").write(response) }
    guard let info = ContainerPathStat(response) else { throw HullError(.internalError, "the engine did not say what \(source) is") }
    let (directory, name) = try destination(target, sourceIsDirectory: info.isDirectory)
    let base = ContainerCopy.split(source).name
    var reader = TarReader { try response.read() }
    var extractor = try TreeExtractor(into: directory)
    try extractor.extract(&reader) { entry in
      Self.renamed(entry, base: base, to: name ?? renamed)
    }
    ContainerCopy.report(call, extractor.contentSize, Paths.absolute(target, from: Environment.workingDirectory))
  }

  /// The directory to extract into and, where the source's own name is not kept, the new one.
  private func destination(_ target: String, sourceIsDirectory: Bool) throws -> (directory: String, name: String?) {
    let path = Paths.absolute(target, from: Environment.workingDirectory)
    var info = stat()
    if stat(path, &info) == 0 {
      if info.st_mode & S_IFMT == S_IFDIR { return (path, nil) }
      if sourceIsDirectory { throw HullError(.conflict, "cannot copy directory") }
      if ContainerCopy.assertsDirectory(target) { throw HullError(.invalidArgument, "not a directory") }
      return (try realParent(path), Paths.split(path).name)
    }
    if !sourceIsDirectory, ContainerCopy.assertsDirectory(target) { throw HullError(.notFound, "no such directory") }
    return (try realParent(path), Paths.split(path).name)
  }

  private func realParent(_ path: String) throws -> String {
    let parent = Paths.split(path).parent
    guard Files.isDirectory(parent) else {
      throw HullError(.notFound, "invalid output path: directory \(Text.quoted(parent)) does not exist")
    }
    return parent
  }

  /// The engine's entries begin with the source's name (or `.`); that part is replaced.
  static func renamed(_ entry: String, base: String, to name: String?) -> String? {
    let parts = entry.split(separator: "/").filter { $0 != "." }
    guard base != ".", !base.isEmpty else { return ([name].compactMap { $0 } + parts.map(String.init)).joined(separator: "/") }
    guard let name, let first = parts.first else { return parts.joined(separator: "/") }
    return String(first) == base ? ([name] + parts.dropFirst().map(String.init)).joined(separator: "/") : parts.joined(separator: "/")
  }
}
