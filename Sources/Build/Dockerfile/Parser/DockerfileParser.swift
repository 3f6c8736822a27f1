// SPDX-License-Identifier: Apache-2.0
import Errors

/// Reads Dockerfiles: everything that `docker/dockerfile` 1.x has in its stable syntax. Reads nothing else: no files, no network.
package enum DockerfileParser {
  /// Larger files are refused.
  package static let maximumBytes = 8 << 20

  /// The tree of a Dockerfile.
  ///
  /// - Parameters:
  ///   - text: the file; a byte order mark and CRLF are taken, what is no UTF-8 is replaced.
  ///   - name: for messages.
  /// - Throws: `.invalidArgument` with the line in its message, and a `SourceExcerpt` as its cause.
  package static func parse(_ text: [UInt8], name: String = "Dockerfile") throws(HullError) -> Dockerfile {
    let (dockerfile, mistake) = read(text, name: name)
    if let mistake { throw mistake }
    return dockerfile
  }

  /// The tree of a Dockerfile up to the first mistake in it, so that what was found before can be told too.
  ///
  /// - Returns: the error that `parse` throws; `nil` when the tree is whole.
  package static func read(_ text: [UInt8], name: String = "Dockerfile") -> (dockerfile: Dockerfile, mistake: HullError?) {
    let nothing = Dockerfile(directives: Directives(), metaArguments: [], stages: [], warnings: [], lines: [])
    guard !text.isEmpty else { return (nothing, HullError(.invalidArgument, "the Dockerfile (\(name)) cannot be empty")) }
    guard text.count <= maximumBytes else {
      return (nothing, HullError(.invalidArgument, "the Dockerfile (\(name)) has \(text.count) bytes: more than \(maximumBytes) are not read"))
    }
    var builder = DockerfileBuilder(text, name: name)
    return builder.read()
  }

  package static func parse(_ text: String, name: String = "Dockerfile") throws(HullError) -> Dockerfile { try parse(Array(text.utf8), name: name) }

  /// One instruction outside of a file: an `ONBUILD` trigger with its here-documents, or a change of `commit`.
  ///
  /// - Parameters:
  ///   - text: one instruction; `FROM` is none.
  ///   - escape: of the file it came from.
  /// - Returns: its lines are counted from the text's first.
  /// - Throws: `.invalidArgument`.
  package static func parseInstruction(_ text: String, escape: Character = "\\") throws(HullError) -> Instruction {
    var builder = DockerfileBuilder(Array(text.utf8), name: "instruction", escape: escape)
    return try builder.single()
  }
}

/// Puts a file's instructions together.
struct DockerfileBuilder {
  private let name: String
  private var reader: LineReader
  private let fixedEscape: Unicode.Scalar?
  private var dockerfile: Dockerfile
  /// The lines of the instruction that is being read.
  private var range = SourceRange(startLine: 1, endLine: 1)

  init(_ bytes: [UInt8], name: String, escape: Character? = nil) {
    self.name = name
    fixedEscape = escape?.unicodeScalars.first
    reader = LineReader(bytes)
    if escape == "`" { reader.escape = UInt8(ascii: "`") }
    dockerfile = Dockerfile(directives: Directives(), metaArguments: [], stages: [], warnings: [], lines: DockerfileBuilder.lines(bytes))
    dockerfile.endsLine = bytes.last == UInt8(ascii: "\n")
  }

  /// All instructions up to the first mistake, and the mistake.
  mutating func read() -> (dockerfile: Dockerfile, mistake: HullError?) {
    var mistake: HullError?
    do throws(Complaint) {
      while let statement = try nextStatement() { try add(statement) }
    } catch {
      mistake = located(error)
    }
    dockerfile.directives = reader.head
    if mistake == nil, dockerfile.stages.isEmpty {
      mistake = HullError(
        .invalidArgument, dockerfile.metaArguments.isEmpty ? "file with no instructions" : "dockerfile contains no stages to build")
    }
    return (dockerfile, mistake)
  }

  mutating func single() throws(HullError) -> Instruction {
    do throws(Complaint) {
      guard let statement = try nextStatement() else { throw Complaint("file with no instructions") }
      if statement.kind == .FROM { throw Complaint("FROM begins a stage: it cannot stand alone", at: statement.keyword) }
      let instruction = try instruction(statement)
      if let more = try reader.nextInstruction() { throw Complaint("only one instruction is possible here", at: more.text) }
      return instruction
    } catch {
      throw located(error)
    }
  }

  private mutating func nextStatement() throws(Complaint) -> Statement? {
    range = SourceRange(startLine: reader.line + 1, endLine: reader.line + 1)
    let line: LogicalLine
    do throws(Complaint) {
      guard let next = try reader.nextInstruction() else { return nil }
      line = next
    } catch {
      range = SourceRange(startLine: reader.line, endLine: reader.line)
      throw error
    }
    range = line.range
    if line.hasEmptyContinuation {
      let place = SourceRange(startLine: line.range.endLine, endLine: line.range.endLine)
      dockerfile.warnings.append(CheckRule.noEmptyContinuation.warning("Empty continuation line", at: place))
    }
    var statement = Statement(line, escape: fixedEscape ?? Unicode.Scalar(reader.escape))
    try readHeredocs(of: &statement)
    return statement
  }

  private mutating func add(_ statement: Statement) throws(Complaint) {
    if statement.kind == .FROM {
      dockerfile.stages.append(try stage(statement))
      return
    }
    let instruction = try instruction(statement)
    if let index = dockerfile.stages.indices.last {
      dockerfile.stages[index].instructions.append(instruction)
    } else if case .argument = instruction.command {
      dockerfile.metaArguments.append(instruction)
    } else {
      throw Complaint("no build stage in current context", at: statement.keyword)
    }
  }

  private func instruction(_ statement: Statement) throws(Complaint) -> Instruction {
    let command = try CommandParser(statement: statement).command()
    var instruction = Instruction(command: command, location: range, original: statement.line.text.trimmed())
    instruction.comments = statement.line.comments
    return instruction
  }

  private func stage(_ statement: Statement) throws(Complaint) -> Stage {
    let words = statement.words
    guard words.count == 1 || words.count == 3 && words[1].lowercased() == "as" else {
      throw Complaint("FROM requires either one or three arguments", at: statement.rest)
    }
    let stageName = try words.count == 3 ? checked(stageName: words[2]) : nil
    let flags = try Flags(statement.flags, allowed: ["platform": .text])
    return Stage(
      index: dockerfile.stages.count, name: stageName, base: words[0], platform: flags.text("platform"), instructions: [], location: range,
      original: statement.line.text.trimmed(), comments: statement.line.comments)
  }

  private func checked(stageName: String) throws(Complaint) -> String {
    let lower = stageName.lowercased()
    let isPlain = lower.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || "-_.".utf8.contains($0) }
    guard isPlain, let first = lower.utf8.first, (0x61...0x7a).contains(first) else {
      throw Complaint("invalid name for build stage: \(stageName.quoted), name can't start with a number or contain symbols", at: stageName)
    }
    return lower
  }

  // MARK: Here-documents

  private mutating func readHeredocs(of statement: inout Statement) throws(Complaint) {
    guard takesHeredocs(statement) else { return }
    for var document in try HeredocText.announced(by: statement.line.text) {
      try readLines(of: &document)
      statement.heredocs.append(document)
    }
    range.endLine = reader.line
  }

  private func takesHeredocs(_ statement: Statement) -> Bool {
    guard statement.line.text.contains(scalar: "<") else { return false }
    var inner = statement
    if statement.kind == .ONBUILD { inner = Statement(LogicalLine(text: statement.rest, range: range, comments: []), escape: statement.escape) }
    guard inner.kind?.takesHeredocs == true else { return false }
    if case .words = ExecForm.read(inner.rest) { return false }
    return true
  }

  private mutating func readLines(of document: inout HeredocText) throws(Complaint) {
    var bytes: [UInt8] = []
    while let line = try reader.nextLine() {
      if document.isEnd(line) {
        document.lines = String(decoding: bytes, as: UTF8.self)
        return
      }
      bytes += line
    }
    throw Complaint("unterminated heredoc: \(document.name) is not found", at: document.name)
  }

  // MARK: Messages

  private func located(_ complaint: Complaint) -> HullError {
    let place = complaint.location(in: range, of: dockerfile.lines)
    let excerpt = SourceExcerpt(name: name, location: place, of: dockerfile)
    return HullError(.invalidArgument, "dockerfile parse error on line \(range.startLine): \(complaint.message)", cause: excerpt)
  }

  private static func lines(_ bytes: [UInt8]) -> [String] {
    let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    var lines = bytes[start...].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { String(decoding: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, as: UTF8.self) }
  }
}
