// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// From here into a container.
struct CopyIn {
  let call: Invocation
  let container: String

  func copy(_ source: String, to target: String) throws {
    let engine = try call.engine()
    var (path, info) = (target, try ContainerPathStat.of(target, in: container, call, engine))
    if let link = info, link.isLink {
      path = link.linkTarget.hasPrefix("/") ? link.linkTarget : Paths.join(ContainerCopy.split(target).parent, link.linkTarget)
      info = try ContainerPathStat.of(path, in: container, call, engine)
    }
    if info?.isSpecial == true { throw HullError(.invalidArgument, "destination \"\(container):\(target)\" must be a directory or a regular file") }
    if source == "-" {
      guard info?.isDirectory == true else { throw HullError(.invalidArgument, "destination \"\(container):\(target)\" must be a directory") }
      try send(engine, to: path) { try Files.readSome(0, path: "standard input") }
      return
    }
    let local = try self.local(source)
    let (directory, name) = try destination(path, exists: info != nil, isDirectory: info?.isDirectory == true, sourceIsDirectory: local.isDirectory)
    let archive = TreeArchive(path: local.path, name: name ?? local.name)
    try send(engine, to: directory) { try archive.read() }
    ContainerCopy.report(call, archive.contentSize, "\(container):\(path)")
  }

  private func local(_ source: String) throws -> (path: String, name: String, isDirectory: Bool) {
    let absolute = Paths.absolute(source, from: Environment.workingDirectory)
    let asserted = ContainerCopy.assertsDirectory(source)
    var info = stat()
    guard (call.bool("follow-link") || asserted ? stat(absolute, &info) : lstat(absolute, &info)) == 0 else {
      throw FileError(path: absolute, verb: "lstat", code: errno)
    }
    let isDirectory = info.st_mode & S_IFMT == S_IFDIR
    if asserted, !isDirectory { throw HullError(.invalidArgument, "not a directory") }
    var path = absolute
    if call.bool("follow-link") || asserted, let real = realpath(absolute, nil) {
      path = String(cString: real)
      free(real)
    }
    return (path, ContainerCopy.split(source.hasSuffix("/.") || source == "." ? "." : absolute).name, isDirectory)
  }

  /// Where the engine extracts, and what the source is called there.
  private func destination(_ path: String, exists: Bool, isDirectory: Bool, sourceIsDirectory: Bool) throws -> (directory: String, name: String?) {
    if exists, isDirectory { return (path, nil) }
    if exists, sourceIsDirectory { throw HullError(.conflict, "cannot copy directory") }
    if !exists, !sourceIsDirectory, ContainerCopy.assertsDirectory(path) { throw HullError(.notFound, "no such directory") }
    let (parent, name) = Paths.split(Paths.clean(path))
    return (parent, name)
  }

  private func send(_ engine: EngineClient, to path: String, _ source: () throws -> [UInt8]) throws {
    var query: EngineClient.Query = [("noOverwriteDirNonDir", "true"), ("path", path)]
    if call.bool("archive") { query.append(("copyUIDGID", "true")) }
    _ = try engine.upload("PUT", call.container(container, "/archive"), query: query, contentType: "application/x-tar", source: source).readAll()
  }
}
