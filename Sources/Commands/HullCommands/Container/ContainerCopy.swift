// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull cp`
enum ContainerCopy {
  static let command = Command(
    name: "cp", summary: "Copy files/folders between a container and the local filesystem",
    details: """
      Use '-' as the source to read a tar archive from stdin
      and extract it to a directory destination in a container.
      Use '-' as the destination to stream a tar archive of a
      container source to stdout.
      """, usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-", moreUsage: ["[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH"],
    aliases: ["container cp", "cp"], arguments: .exactly(2), completion: .containerThenFiles,
    flags: {
      [
        .bool("archive,a", "Archive mode (copy all uid/gid information)"), .bool("follow-link,L", "Always follow symbol link in SRC_PATH"),
        .bool("quiet,q", "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    guard !call.arguments[0].isEmpty else { throw HullError(.invalidArgument, "source can not be empty") }
    guard !call.arguments[1].isEmpty else { throw HullError(.invalidArgument, "destination can not be empty") }
    let (source, target) = (place(call.arguments[0]), place(call.arguments[1]))
    switch (source.container, target.container) {
    case (let container?, nil): try CopyOut(call: call, container: container).copy(source.path, to: target.path)
    case (nil, let container?): try CopyIn(call: call, container: container).copy(source.path, to: target.path)
    case (.some, .some): throw HullError(.invalidArgument, "copying between containers is not supported")
    case (nil, nil): throw HullError(.invalidArgument, "must specify at least one container source")
    }
    return 0
  }

  /// `container:path`; a local path with a colon is written `./a:b` or `/a:b`.
  private static func place(_ text: String) -> (container: String?, path: String) {
    guard !text.hasPrefix("/"), let (container, path) = Text.cut(text, ":"), !container.hasPrefix(".") else { return (nil, text) }
    return (container, path)
  }

  /// Parent and name, where a path that ends in `/.` is named `.`: its contents are meant.
  static func split(_ path: String) -> (parent: String, name: String) {
    let clean = Paths.clean(path)
    return path.hasSuffix("/.") || path == "." ? (clean, ".") : Paths.split(clean)
  }

  static func assertsDirectory(_ path: String) -> Bool { path.hasSuffix("/") || path.hasSuffix("/.") || path == "." }

  static func report(_ call: Invocation, _ size: Int, _ target: String) {
    guard call.changed("quiet") ? !call.bool("quiet") : Terminal.isTerminal(1) else { return }
    call.out.error("Successfully copied \(Units.size(Double(size), precision: 3)) to \(target)")
  }
}

/// What the engine says of a path inside a container.
struct ContainerPathStat {
  var size: Int
  var isDirectory: Bool
  var isLink: Bool
  var isSpecial: Bool
  var linkTarget: String

  /// From the header `X-Docker-Container-Path-Stat`: base64 of JSON, the mode as Go's `os.FileMode`.
  init?(_ response: Response) {
    guard let text = response.head.header("x-docker-container-path-stat"), let json = try? JSONParser.parse(Base64.decode(text)) else { return nil }
    let mode = json["mode"].int ?? 0
    size = json["size"].int ?? 0
    isDirectory = mode & 1 << 31 != 0
    isLink = mode & 1 << 27 != 0
    isSpecial = mode & (1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19) != 0
    linkTarget = json["linkTarget"].text
  }

  /// `nil` when the path is not there.
  static func of(_ path: String, in container: String, _ call: Invocation, _ engine: EngineClient) throws -> ContainerPathStat? {
    do {
      let response = try engine.send("HEAD", call.container(container, "/archive"), query: [("path", path)])
      return ContainerPathStat(response)
    } catch let failure as EngineFailure where failure.status == 404 {
      return nil
    }
  }
}
