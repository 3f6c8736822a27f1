// SPDX-License-Identifier: Apache-2.0

/// What `--help` prints: docker's layout, in the width of the terminal.
enum Help {
  static func text(_ command: Command, path: String, columns: Int) -> String {
    command.isNoun ? noun(command, path: path) : verb(command, path: path, columns: columns)
  }

  /// The usage lines alone, for messages about wrong words.
  static func usage(_ command: Command, path: String) -> String {
    if command.isNoun { return "Usage:  hull \(path) COMMAND" }
    let first = "Usage:  hull \(path)" + (command.usage.isEmpty ? "" : " \(command.usage)")
    return ([first] + command.moreUsage.map { "        hull \(path) \($0)" }).joined(separator: "\n")
  }

  private static func verb(_ command: Command, path: String, columns: Int) -> String {
    var text = usage(command, path: path) + "\n\n\(command.summary)\n"
    if let details = command.details { text += "\n\(details)\n" }
    if command.aliases.count > 1 { text += "\nAliases:\n  \(command.aliases.map { "hull \($0)" }.joined(separator: ", "))\n" }
    let verbs = command.subcommands().sorted { $0.name < $1.name }
    if !verbs.isEmpty { text += "\nCommands:\n\(list(verbs))" }
    let flags = command.flags().filter { !$0.hidden }
    if !flags.isEmpty { text += "\nOptions:\n\(options(flags, columns: columns))" }
    return text
  }

  private static func noun(_ command: Command, path: String) -> String {
    let verbs = command.subcommands().sorted { $0.name < $1.name }
    return """
      \(usage(command, path: path))

      \(command.summary)

      Commands:
      \(list(verbs))
      Run 'hull \(path) COMMAND --help' for more information on a command.

      """
  }

  /// Names and summaries in two columns.
  static func list(_ commands: [Command]) -> String {
    let width = max(11, commands.map(\.name.count).max() ?? 0)
    return commands.map { "  \(Text.padded($0.name, width)) \($0.summary)\n" }.joined()
  }

  static func options(_ flags: [Flag], columns: Int) -> String {
    let rows = flags.sorted { $0.name < $1.name }.map { flag in
      (head: (flag.short.map { "  -\($0), " } ?? "      ") + "--\(flag.name)" + (flag.type.isEmpty ? "" : " \(flag.type)"), flag: flag)
    }
    let left = (rows.map(\.head.count).max() ?? 0) + 3
    var text = ""
    for (head, flag) in rows {
      let help = flag.help + (flag.shownDefault.map { " (default \($0))" } ?? "")
      let lines = help.split(separator: "\n", omittingEmptySubsequences: false).flatMap { wrapped(String($0), width: max(24, columns - left - 1)) }
      text += Text.padded(head, left) + lines.joined(separator: "\n" + String(repeating: " ", count: left)) + "\n"
    }
    return text
  }

  /// Lines of at most `width` cells, broken at spaces.
  static func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var rest = text[...]
    while rest.count > width {
      let head = rest.prefix(width + 1)
      guard let space = head.lastIndex(of: " "), space != rest.startIndex else { break }
      lines.append(String(rest[..<space]))
      rest = rest[rest.index(after: space)...]
    }
    return lines + [String(rest)]
  }
}
