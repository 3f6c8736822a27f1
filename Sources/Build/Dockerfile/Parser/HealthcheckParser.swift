// SPDX-License-Identifier: Apache-2.0

/// `HEALTHCHECK [flags] CMD command` and `HEALTHCHECK NONE`.
struct HealthcheckParser {
  private let statement: Statement

  init(_ statement: Statement) { self.statement = statement }

  func command() throws(Complaint) -> HealthcheckCommand {
    guard !statement.rest.isEmpty else { throw Complaint("HEALTHCHECK requires at least one argument", at: statement.keyword) }
    let (kind, rest) = Words.first(statement.rest)
    switch kind.uppercased() {
    case "NONE":
      guard rest == nil else { throw Complaint("HEALTHCHECK NONE takes no arguments", at: rest) }
      var command = HealthcheckCommand()
      command.isNone = true
      return command
    case "CMD": return try check(rest ?? "")
    default: throw Complaint("Unknown type \(kind.uppercased().quoted) in HEALTHCHECK (try CMD)", at: kind)
    }
  }

  private func check(_ text: String) throws(Complaint) -> HealthcheckCommand {
    let flags = try Flags(
      statement.flags, allowed: ["interval": .text, "timeout": .text, "start-period": .text, "start-interval": .text, "retries": .text])
    guard let line = try CommandParser.commandLine(text), !line.words.isEmpty else {
      throw Complaint("Missing command after HEALTHCHECK CMD", at: "CMD")
    }
    var command = HealthcheckCommand()
    command.line = line
    command.interval = try duration("interval", flags)
    command.timeout = try duration("timeout", flags)
    command.startPeriod = try duration("start-period", flags)
    command.startInterval = try duration("start-interval", flags)
    command.retries = try retries(flags)
    return command
  }

  private func duration(_ name: String, _ flags: Flags) throws(Complaint) -> Int64? {
    guard let text = flags.text(name) else { return nil }
    guard let value = GoText.duration(text) else {
      throw Complaint("invalid duration \(text.quoted) for --\(name): want something like 30s or 1m30s", at: text)
    }
    guard value == 0 || value >= 1_000_000 else { throw Complaint("Interval \(name.quoted) cannot be less than 1ms", at: text) }
    return value == 0 ? nil : value
  }

  private func retries(_ flags: Flags) throws(Complaint) -> Int? {
    guard let text = flags.text("retries") else { return nil }
    guard let value = Int32(text) else { throw Complaint("invalid number \(text.quoted) for --retries", at: text) }
    guard value >= 0 else { throw Complaint("--retries cannot be negative (\(value))", at: text) }
    return Int(value)
  }
}
