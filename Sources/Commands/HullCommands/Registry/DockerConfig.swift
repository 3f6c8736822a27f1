// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `config.json` of the docker command line: accounts are shared with it, everything else in the file stays as it is.
struct DockerConfig {
  let path: String
  private var content: JSONObject

  /// HULL_CONFIG names the folder, else DOCKER_CONFIG, else it is `~/.docker`. A file that is not there is empty.
  static func load(environment: (String) -> String? = Environment.value) throws -> DockerConfig {
    let named = environment("HULL_CONFIG") ?? environment("DOCKER_CONFIG")
    let folder = named ?? Paths.join(environment("HOME") ?? "/root", ".docker")
    let path = Paths.join(folder, "config.json")
    guard Files.exists(path) else { return DockerConfig(path: path, content: JSONObject()) }
    do {
      return DockerConfig(path: path, content: try JSONParser.parse(orNull: Files.read(path)).object)
    } catch let error as HullError {
      throw HullError(.invalidArgument, "\(path): \(error.message)")
    }
  }

  /// The program that keeps the accounts of this registry, without `docker-credential-`; `nil` when the file itself does.
  func helper(for server: String) -> String? {
    let name = content["credHelpers"]?[server].string ?? content["credsStore"]?.string
    return name.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The account for a registry's key (`RegistryName.key`).
  func account(_ server: String) throws -> Account? {
    if let helper = helper(for: server) { return try CredentialHelper(helper).get(server) }
    let accounts = content["auths"] ?? .null
    guard let found = accounts.object.members.first(where: { RegistryName.key($0.key) == server })?.value else { return nil }
    var account = Account(server: server, identityToken: found["identitytoken"].text)
    if let (user, password) = Text.cut(String(decoding: Base64.decode(found["auth"].text), as: UTF8.self), ":") {
      (account.user, account.password) = (user, password)
    }
    return account.user.isEmpty && account.identityToken.isEmpty ? nil : account
  }

  /// Keeps an account where accounts of that registry are kept.
  mutating func store(_ account: Account) throws {
    var entry = JSONObject()
    if let helper = helper(for: account.server) {
      try CredentialHelper(helper).store(account)
    } else {
      let secret = account.identityToken.isEmpty ? account.password : ""
      entry["auth"] = .string(Base64.encoded("\(account.user):\(secret)".utf8))
      if !account.identityToken.isEmpty { entry["identitytoken"] = .string(account.identityToken) }
    }
    try setAccount(account.server, .object(entry))
  }

  /// Forgets the account; one that is not there is no error.
  mutating func erase(_ server: String) throws {
    if let helper = helper(for: server) { try CredentialHelper(helper).erase(server) }
    if content["auths"]?[server].isNull == false { try setAccount(server, nil) }
  }

  private mutating func setAccount(_ server: String, _ entry: JSON?) throws {
    var accounts = content["auths"]?.object ?? JSONObject()
    accounts[server] = entry
    content["auths"] = .object(accounts)
    try save()
  }

  /// Writes the file for its owner alone, whole or not at all. A symbolic link stays one.
  private func save() throws {
    try makeFolders(Paths.split(path).parent)
    let target = realpath(path, nil).map { resolved in
      defer { free(resolved) }
      return String(cString: resolved)
    }
    let place = target ?? path
    let unfinished = "\(place).\(getpid())"
    let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError(path: unfinished, verb: "open", code: errno) }
    let text = JSONLayout.indented(Array(JSON.object(content).encoded().utf8), unit: "\t")
    let written = Output.writeAll(descriptor, text) && fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    guard written, rename(unfinished, place) == 0 else {
      unlink(unfinished)
      throw FileError(path: place, verb: "write", code: written ? errno : code)
    }
  }

  private func makeFolders(_ path: String) throws {
    guard !Files.isDirectory(path) else { return }
    try makeFolders(Paths.split(path).parent)
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError(path: path, verb: "mkdir", code: errno) }
  }
}
