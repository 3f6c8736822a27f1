// SPDX-License-Identifier: Apache-2.0

extension CommandRunner {
  static let globalFlags: [Flag] = [
    .string("config", "Location of client config files (overrides HULL_CONFIG and DOCKER_CONFIG)"),
    .string("host,H", "Daemon socket to connect to (overrides HULL_HOST and DOCKER_HOST)", initial: ""),
    // Taken for the sake of scripts written for docker; there is nothing here that they would change.
    .bool("debug,D", "Enable debug mode").concealed(), .string("log-level,l", "Set the logging level").concealed(),
    .bool("version,v", "Print version information and quit"),
  ]

  static func rootHelp() -> String {
    let commands = Catalogue.top
    let common = Catalogue.common.compactMap { name in commands.first { $0.name == name } }
    let nouns = commands.filter(\.isNoun)
    let rest = commands.filter { command in !command.isNoun && !Catalogue.common.contains(command.name) }.sorted { $0.name < $1.name }
    return """
      Usage:  hull [OPTIONS] COMMAND

      A container engine for Linux: the same image behind a container wall or a virtual machine's

      Common Commands:
      \(Help.list(common))
      Management Commands:
      \(Help.list(nouns))
      Commands:
      \(Help.list(rest))
      Global Options:
      \(Help.options(globalFlags, columns: Terminal.columns ?? 80))
      Run 'hull COMMAND --help' for more information on a command.
      Run 'hull doctor' to see what this machine can do.

      """
  }
}
