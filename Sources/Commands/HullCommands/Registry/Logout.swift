// SPDX-License-Identifier: Apache-2.0

/// `hull logout`
enum Logout {
  static let command = Command(
    name: "logout", summary: "Log out from a registry", usage: "[SERVER]", arguments: .between(0, 1),
    run: { call in
      let server = call.arguments.first.map(RegistryName.key) ?? RegistryName.hub
      call.out.line("Removing login credentials for \(server)")
      var config = try DockerConfig.load()
      try config.erase(server)
      return 0
    })
}
