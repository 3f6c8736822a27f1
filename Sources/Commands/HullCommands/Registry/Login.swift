// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull login`
enum Login {
  static let command = Command(
    name: "login", summary: "Authenticate to a registry",
    details: "Accounts are kept where docker keeps them: in config.json of HULL_CONFIG, DOCKER_CONFIG or ~/.docker, or by its credential helper.",
    usage: "[OPTIONS] [SERVER]", arguments: .between(0, 1),
    flags: {
      [
        .string("username,u", "Username"), .string("password,p", "Password or Personal Access Token (PAT)"),
        .bool("password-stdin", "Take the Password or Personal Access Token (PAT) from stdin"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let server = call.arguments.first.map(RegistryName.key) ?? RegistryName.hub
    var config = try DockerConfig.load()
    let asked = ["username", "password", "password-stdin"].contains(where: call.changed)
    if !asked, let known = try? config.account(server) {
      call.out.line("Authenticating with existing credentials..." + (known.user.isEmpty ? "" : " [Username: \(known.user)]"))
      do {
        try logIn(call, known, &config)
        return 0
      } catch let failure as EngineFailure {
        call.out.error("\(failure)")
      }
    }
    try logIn(call, try wished(call, server), &config)
    return 0
  }

  /// The account that the flags name; what is missing is asked for.
  private static func wished(_ call: Invocation, _ server: String) throws -> Account {
    var account = Account(server: server, user: call.string("username"), password: call.string("password"))
    if call.bool("password-stdin") {
      if call.changed("password") { throw ExitStatus(1, "conflicting options: cannot specify both --password and --password-stdin") }
      if account.user.isEmpty { throw ExitStatus(1, "the --password-stdin option requires --username to be set") }
      account.password = String(decoding: try Files.readAll(0, path: "standard input"), as: UTF8.self)
      while let last = account.password.unicodeScalars.last, last == "\n" || last == "\r" { account.password.unicodeScalars.removeLast() }
    } else if call.changed("password") {
      call.out.error("WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
    }
    if account.user.isEmpty { account.user = try Prompt.line("Username: ") }
    if account.user.isEmpty { throw ExitStatus(1, "username is required") }
    if account.password.isEmpty { account.password = try Prompt.secret("Password: ") }
    if account.password.isEmpty { throw ExitStatus(1, "password is required") }
    return account
  }

  private static func logIn(_ call: Invocation, _ account: Account, _ config: inout DockerConfig) throws {
    let answer = try call.engine().json("POST", "/auth", body: account.json)
    var kept = account
    if let token = answer["IdentityToken"].string, !token.isEmpty { kept.identityToken = token }
    try config.store(kept)
    if config.helper(for: account.server) == nil {
      call.out.error("\nWARNING! Your credentials are stored unencrypted in '\(config.path)'.")
      call.out.error("To have them in a key ring, name a credential helper there: \"credsStore\".\n")
    }
    call.out.line(answer["Status"].text)
  }
}
