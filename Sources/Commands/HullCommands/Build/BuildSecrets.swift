// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `--secret` and `--ssh`: what only this side has, and gives when it is asked.
struct BuildSecrets {
  private enum Source: Equatable {
    case file(String)
    case variable(String)
  }

  private static let largest = 500 << 10
  private var secrets: [String: Source] = [:]
  /// Sockets of agents by ID.
  private var agents: [String: String] = [:]

  init(_ call: Invocation) throws {
    for text in call.list("secret") { try addSecret(text) }
    for text in call.list("ssh") { try addAgent(text) }
  }

  /// `nil`: there is none of that name.
  func secret(_ id: String) throws -> [UInt8]? {
    switch secrets[id] {
    case nil: return nil
    case .variable(let name): return Environment.value(name).map { Array($0.utf8) }
    case .file(let path):
      let bytes = try Files.read(path)
      guard bytes.count <= Self.largest else { throw HullError(.tooLarge, "secret \(id): \(path) is larger than 500 KiB") }
      return bytes
    }
  }

  /// A connection to an agent; `nil`: there is none of that name.
  func connect(_ id: String) throws -> Connection? {
    guard let path = agents[id.isEmpty ? "default" : id] else { return nil }
    return try Connection.open(Endpoint(path: path))
  }

  private mutating func addSecret(_ text: String) throws {
    let spec = try BuildSpec(text, flag: "secret")
    guard let id = spec["id"], !id.isEmpty else { throw HullError(.invalidArgument, "invalid secret \(Text.quoted(text)): id is missing") }
    if let variable = spec["env"] {
      secrets[id] = .variable(variable)
    } else if let path = spec["src"] ?? spec["source"] {
      secrets[id] = spec["type"] == "env" ? .variable(path) : .file(path)
    } else if spec["type"] == "env" || Environment.value(id) != nil {
      secrets[id] = .variable(id)
    } else {
      secrets[id] = .file(id)
    }
    if case .file(let path) = secrets[id], access(path, R_OK) != 0 {
      throw HullError(.notFound, "secret \(id): \(FileError(path: path, verb: "open", code: errno).description)")
    }
  }

  private mutating func addAgent(_ text: String) throws {
    let (id, path) = Text.cut(text, "=") ?? (text, "")
    guard let socket = path.isEmpty ? Environment.value("SSH_AUTH_SOCK") : path, !socket.isEmpty else {
      throw HullError(.invalidArgument, "invalid empty ssh agent socket: set SSH_AUTH_SOCK or use --ssh \(id)=SOCKET")
    }
    var info = stat()
    guard stat(socket, &info) == 0, info.st_mode & S_IFMT == S_IFSOCK else {
      throw HullError(.invalidArgument, "\(socket) is no socket of an SSH agent: add your keys to an agent and give its socket")
    }
    agents[id] = socket
  }
}
