// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Makes a container, pulling its image when it is missing and writing the ID file: what `run` and `create` share.
struct ContainerCreation {
  let call: Invocation
  let engine: EngineClient
  let request: RunRequest

  /// The container's ID; the engine's warnings go to standard error.
  func create() throws -> String {
    let policy = try PullPolicy(call, engine)
    let body = try request.body()
    let file = try CIDFile(call.string("cidfile"))
    let answer = try policy.apply(to: request.image) { try post(body) }
    for warning in answer["Warnings"].strings { call.out.error("WARNING: \(warning)") }
    let id = answer["Id"].text
    try file.write(id)
    return id
  }

  private func post(_ body: JSON) throws -> JSON {
    var query: EngineClient.Query = []
    if call.changed("name") { query.append(("name", call.string("name"))) }
    if !call.string("platform").isEmpty { query.append(("platform", call.string("platform"))) }
    return try engine.json("POST", "/containers/create", query: query, body: body)
  }
}

/// `--cidfile`: made before the container, so that a second run finds it; removed again when nothing was written.
private final class CIDFile {
  private let path: String
  private let descriptor: Int32
  private var written = false

  init(_ path: String) throws {
    self.path = path
    if path.isEmpty {
      descriptor = -1
      return
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      if errno == EEXIST {
        throw HullError(.conflict, "container ID file found, make sure the other container isn't running or delete \(path)")
      }
      throw HullError(.invalidArgument, "failed to create the container ID file: \(FileError(path: path, verb: "open", code: errno))")
    }
  }

  func write(_ id: String) throws {
    guard descriptor >= 0 else { return }
    guard Output.writeAll(descriptor, Array(id.utf8)) else {
      throw HullError(.internalError, "failed to write the container ID (\(id)) to file: \(FileError(path: path, verb: "write", code: errno))")
    }
    written = true
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if !written { unlink(path) }
  }
}
