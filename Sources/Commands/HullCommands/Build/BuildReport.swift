// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// What is said, and written into files, when a build has ended.
struct BuildReport {
  private let call: Invocation
  private let outcome: JSON
  private let source: BuildSource

  init(_ call: Invocation, _ outcome: JSON, _ source: BuildSource) { (self.call, self.outcome, self.source) = (call, outcome, source) }

  /// - Returns: the exit status.
  func succeed() throws -> Int32 {
    let images = outcome["images"].array
    let id = images.count == 1 ? images[0]["id"].text : outcome["target"]["digest"].text
    if !call.string("iidfile").isEmpty { try write(id, to: call.string("iidfile")) }
    if !call.string("metadata-file").isEmpty { try write(metadata(images).encoded() + "\n", to: call.string("metadata-file")) }
    let warnings = outcome["warnings"].array.map { BuildNews.Warning($0) }
    if call.bool("check") || call.string("call") == "check" { return check(warnings) }
    if call.bool("quiet") {
      if !id.isEmpty { call.out.line(id) }
    } else {
      show(warnings)
    }
    return 0
  }

  private func metadata(_ images: [JSON]) -> JSON {
    var members = JSONObject()
    if images.count == 1 { members.append("containerimage.config.digest", .string(images[0]["id"].text)) }
    let target = outcome["target"]
    if !target.isNull {
      members.append("containerimage.descriptor", target)
      members.append("containerimage.digest", target["digest"])
    }
    let tags = outcome["tags"].strings.map(ImageName.canonical)
    if !tags.isEmpty { members.append("image.name", .string(tags.joined(separator: ","))) }
    return .object(members)
  }

  private func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(path: path, verb: "open", code: errno) }
    defer { close(descriptor) }
    guard Output.writeAll(descriptor, Array(text.utf8)) else { throw FileError(path: path, verb: "write", code: errno) }
  }

  // MARK: Warnings

  private func check(_ warnings: [BuildNews.Warning]) -> Int32 {
    guard !warnings.isEmpty else {
      call.out.line("Check complete, no warnings found.")
      return 0
    }
    call.out.line("Check complete, \(Self.count(warnings.count)) found!")
    for warning in warnings { call.out.write("\n" + explained(warning)) }
    return 1
  }

  private func show(_ warnings: [BuildNews.Warning]) {
    guard !warnings.isEmpty else { return }
    call.out.error("\n \(Self.count(warnings.count)) found (use --check to see what they mean):")
    for warning in warnings { call.out.error(" - \(BuildWarningText.line(warning))") }
  }

  private static func count(_ number: Int) -> String { number == 1 ? "1 warning has been" : "\(number) warnings have been" }

  private func explained(_ warning: BuildNews.Warning) -> String {
    let title = warning.rule.isEmpty ? "WARNING" : "WARNING: \(warning.rule)\(warning.url.isEmpty ? "" : " - \(warning.url)")"
    let excerpt = source.text.map { BuildExcerpt.text(source.dockerfile, $0, line: warning.line) } ?? ""
    return [title, warning.description, warning.message, excerpt].filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
  }

  // MARK: Failure

  /// The lines of the Dockerfile that are to blame, and the reason.
  var failure: ExitStatus {
    let excerpt = outcome["excerpt"].text
    let message = "ERROR: failed to build: \(outcome["message"].text)"
    return ExitStatus(1, excerpt.isEmpty ? message : "\(excerpt.hasSuffix("\n") ? excerpt : excerpt + "\n")\(message)")
  }
}

/// Lines of a Dockerfile around one of them, numbered.
enum BuildExcerpt {
  static func text(_ name: String, _ text: String, line: Int) -> String {
    let lines = Text.split(text, "\n")
    guard line >= 1, line <= lines.count else { return "" }
    let rule = "--------------------"
    let shown = max(1, line - 2)...min(lines.count, line + 2)
    let body = shown.map { number in
      let label = String(number)
      return " \(String(repeating: " ", count: max(0, 3 - label.count)))\(label) | \(number == line ? ">>>" : "   ") \(lines[number - 1])"
    }
    return (["\(name):\(line)", rule] + body + [rule]).joined(separator: "\n")
  }
}
