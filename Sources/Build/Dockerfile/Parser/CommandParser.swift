// SPDX-License-Identifier: Apache-2.0

/// Makes commands of statements: all instructions but `FROM`.
struct CommandParser {
  let statement: Statement

  func command() throws(Complaint) -> Command {
    switch statement.kind {
    case .ADD: return .add(try addition())
    case .ARG: return .argument(try argument())
    case .CMD: return .cmd(try commandLine(or: CommandLine(words: [""], isShell: true)))
    case .COPY: return .copy(try copy())
    case .ENTRYPOINT: return .entrypoint(try commandLine(or: CommandLine(words: [], isShell: false)))
    case .ENV: return .environment(try pairs())
    case .EXPOSE: return .expose(try expose())
    case .HEALTHCHECK: return .healthcheck(try HealthcheckParser(statement).command())
    case .LABEL: return .label(try pairs())
    case .MAINTAINER: return .maintainer(try single())
    case .ONBUILD: return .onbuild(try trigger())
    case .RUN: return .run(try run())
    case .SHELL: return .shell(try shell())
    case .STOPSIGNAL: return .stopSignal(try single())
    case .USER: return .user(try single())
    case .VOLUME: return .volume(try volume())
    case .WORKDIR: return .workdir(try single())
    case .FROM, nil: throw unknown
    }
  }

  private var keyword: String { statement.keyword.uppercased() }

  private var unknown: Complaint {
    let hint = Suggestion.hint(for: statement.keyword, in: Keyword.allCases.map(\.rawValue), matchingCase: false)
    return Complaint("unknown instruction: \(statement.keyword)\(hint)", at: statement.keyword)
  }

  private var needsAnArgument: Complaint { Complaint("\(keyword) requires at least one argument", at: statement.keyword) }

  private func withoutFlags() throws(Complaint) { _ = try Flags(statement.flags) }

  /// The rest of the line as it is.
  private func single() throws(Complaint) -> String {
    guard !statement.rest.isEmpty else { throw Complaint("\(keyword) requires exactly one argument", at: statement.keyword) }
    try withoutFlags()
    return statement.rest
  }

  // MARK: Command lines

  private func commandLine(or empty: CommandLine) throws(Complaint) -> CommandLine {
    try withoutFlags()
    return try CommandParser.commandLine(statement.rest) ?? empty
  }

  /// - Returns: `nil` when there is nothing.
  static func commandLine(_ text: String) throws(Complaint) -> CommandLine? {
    if text.isEmpty { return nil }
    if let words = try execWords(text) { return CommandLine(words: words, isShell: false) }
    return CommandLine(words: [text], isShell: true)
  }

  /// - Returns: `nil` in the shell form.
  static func execWords(_ text: String) throws(Complaint) -> [String]? {
    switch ExecForm.read(text) {
    case .words(let words): return words
    case .otherValues: throw Complaint("when using JSON array syntax, arrays must be comprised of strings only", at: "[")
    case .noArray: return nil
    }
  }

  private func run() throws(Complaint) -> RunCommand {
    let flags = try Flags(statement.flags, allowed: ["mount": .texts, "network": .text, "security": .text])
    guard var line = try CommandParser.commandLine(statement.rest), !line.words.isEmpty else { throw needsAnArgument }
    line.heredocs = statement.heredocs.map(\.heredoc)
    var command = RunCommand(line: line)
    for text in flags.texts("mount") { command.mounts.append(try MountParser.parse(text, escape: statement.escape)) }
    command.network = try flags.text("network").map { (value) throws(Complaint) in
      try oneOf(["default", "none", "host"], value, "invalid network mode \(value.quoted)")
    }
    command.security = try flags.text("security").map { (value) throws(Complaint) in
      try oneOf(["sandbox", "insecure"], value, "security \(value.quoted) is not valid")
    }
    return command
  }

  private func oneOf(_ options: [String], _ value: String, _ message: String) throws(Complaint) -> String {
    guard options.contains(value) else { throw Complaint(message + Suggestion.hint(for: value, in: options), at: value) }
    return value
  }

  private func shell() throws(Complaint) -> [String] {
    try withoutFlags()
    guard !statement.rest.isEmpty else { throw needsAnArgument }
    guard let words = try CommandParser.execWords(statement.rest) else {
      throw Complaint("SHELL requires the arguments to be in JSON form", at: statement.rest)
    }
    guard !words.isEmpty else { throw needsAnArgument }
    return words
  }

  // MARK: Variables

  private func argument() throws(Complaint) -> [Assignment] {
    let words = Words.quoted(statement.rest, escape: statement.escape)
    guard !words.isEmpty else { throw needsAnArgument }
    try withoutFlags()
    return try words.map { (word) throws(Complaint) in
      let (key, value) = word.cut(at: "=")
      guard !key.isEmpty else { throw Complaint("ARG names can not be blank", at: word) }
      return Assignment(key: key, value: value)
    }
  }

  /// `ENV` and `LABEL`: `KEY=value …`, or `KEY value` with one pair.
  private func pairs() throws(Complaint) -> [Assignment] {
    let words = Words.quoted(statement.rest, escape: statement.escape)
    guard let first = words.first else { throw needsAnArgument }
    try withoutFlags()
    guard first.contains(scalar: "=") else { return [try legacyPair()] }
    return try words.map { (word) throws(Complaint) in
      let (key, value) = word.cut(at: "=")
      guard let value else { throw Complaint("Syntax error - can't find = in \(word.quoted). Must be of the form: name=value", at: word) }
      guard !key.isEmpty else { throw Complaint("\(keyword) names can not be blank", at: word) }
      return Assignment(key: key, value: value)
    }
  }

  private func legacyPair() throws(Complaint) -> Assignment {
    let (key, value) = Words.first(statement.rest)
    guard let value else { throw Complaint("\(keyword) must have two arguments", at: key) }
    var pair = Assignment(key: key, value: value)
    pair.isLegacyForm = true
    return pair
  }

  // MARK: Lists

  private func expose() throws(Complaint) -> [String] {
    guard !statement.rest.isEmpty else { throw needsAnArgument }
    try withoutFlags()
    return statement.words.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func volume() throws(Complaint) -> [String] {
    let words = try CommandParser.execWords(statement.rest) ?? statement.words
    guard !words.isEmpty else { throw needsAnArgument }
    try withoutFlags()
    return try words.map { (word) throws(Complaint) in
      guard !word.trimmed().isEmpty else { throw Complaint("VOLUME specified can not be an empty string", at: "\"\"") }
      return word.trimmed()
    }
  }

  // MARK: Files

  private static let fileFlags: [String: Flags.Kind] = ["chown": .text, "chmod": .text, "link": .boolean, "exclude": .texts]

  private func copy() throws(Complaint) -> CopyCommand {
    var command = try files()
    let flags = try Flags(statement.flags, allowed: CommandParser.fileFlags.merging(["from": .text, "parents": .boolean]) { $1 })
    apply(flags, to: &command)
    command.from = flags.text("from")
    command.parents = flags.boolean("parents") ?? false
    return command
  }

  private func addition() throws(Complaint) -> CopyCommand {
    var command = try files()
    let own: [String: Flags.Kind] = ["keep-git-dir": .boolean, "checksum": .text, "unpack": .boolean]
    let flags = try Flags(statement.flags, allowed: CommandParser.fileFlags.merging(own) { $1 })
    apply(flags, to: &command)
    command.keepGitDirectory = flags.boolean("keep-git-dir")
    command.checksum = flags.text("checksum")
    command.unpack = flags.boolean("unpack")
    return command
  }

  private func apply(_ flags: Flags, to command: inout CopyCommand) {
    command.chown = flags.text("chown")
    command.chmod = flags.text("chmod")
    command.link = flags.boolean("link") ?? false
    command.excludes = flags.texts("exclude")
  }

  private func files() throws(Complaint) -> CopyCommand {
    let exec = try CommandParser.execWords(statement.rest)
    let words = exec ?? statement.words
    guard words.count >= 2, let destination = words.last else {
      let found = words.isEmpty ? "but none was provided" : "but only one was provided"
      throw Complaint("\(keyword) requires at least two arguments, \(found). Destination could not be determined", at: statement.keyword)
    }
    var command = CopyCommand(sources: [], destination: destination)
    if exec != nil {
      command.sources = Array(words.dropLast())
      return command
    }
    if try HeredocText(destination) != nil { throw Complaint("\(keyword) cannot accept a heredoc as a destination", at: destination) }
    for word in words.dropLast() {
      guard let announced = try HeredocText(word) else {
        command.sources.append(word)
        continue
      }
      // Of several with the same name the last one counts, as ever.
      let document = statement.heredocs.last { $0.name == announced.name } ?? announced
      command.inline.append(document.heredoc)
    }
    return command
  }

  // MARK: Triggers

  private func trigger() throws(Complaint) -> String {
    guard !statement.rest.isEmpty else { throw needsAnArgument }
    try withoutFlags()
    let inner = Statement(LogicalLine(text: statement.rest, range: statement.line.range, comments: []), escape: statement.escape)
    switch inner.kind {
    case .ONBUILD: throw Complaint("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", at: statement.rest)
    case .MAINTAINER, .FROM: throw Complaint("\(inner.keyword.uppercased()) isn't allowed as an ONBUILD trigger", at: inner.keyword)
    default: break
    }
    // What is wrong with it is said here and not to those who build on top.
    var complete = inner
    complete.heredocs = statement.heredocs
    _ = try CommandParser(statement: complete).command()
    return statement.heredocs.reduce(statement.rest) { "\($0)\n\($1.lines)\($1.name)" }
  }
}
