// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull doctor`
enum Doctor {
  static let command = Command(
    name: "doctor", summary: "Say what this machine can and cannot do, and what mends it",
    details: "Every check is ok, warn (something is missing, most works) or fail (Hull cannot run).\nThe exit status is 1 when something fails.",
    usage: "[OPTIONS]",
    flags: {
      [
        .string("root", "Directory of images, containers and volumes", initial: "/var/lib/hull"),
        .string("format", "Output format: 'table' or 'json'", initial: "table"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let format = call.string("format")
    guard format == "table" || format == "json" else { throw HullError(.invalidArgument, "unknown format '\(format)': known are table and json") }
    let findings = KernelChecks.all() + ResourceChecks.all() + StorageChecks.all(root: call.string("root")) + ProgramChecks.all(call)
    if format == "json" {
      call.out.line(JSON.array(findings.map(\.json)).encoded())
    } else {
      call.out.write(text(findings, colored: Terminal.isTerminal(1)))
    }
    return findings.contains { $0.level == .fail } ? 1 : 0
  }

  static func text(_ findings: [Finding], colored: Bool) -> String {
    let width = (findings.map(\.check.count).max() ?? 0) + 2
    let colors: [Finding.Level: String] = [.ok: "32", .warn: "33", .fail: "31"]
    var out = ""
    for finding in findings {
      let word = Text.padded(finding.level.rawValue, 6)
      out += (colored ? "\u{1B}[\(colors[finding.level] ?? "0")m\(word)\u{1B}[0m" : word) + Text.padded(finding.check, width) + finding.found + "\n"
      let indent = String(repeating: " ", count: 6 + width)
      if !finding.meaning.isEmpty { out += "\(indent)\(finding.meaning)\n" }
      if !finding.fix.isEmpty { out += "\(indent)fix: \(finding.fix)\n" }
    }
    let (warnings, failures) = (findings.count { $0.level == .warn }, findings.count { $0.level == .fail })
    let verdict =
      failures > 0 ? "Hull cannot run on this machine as it is" : warnings > 0 ? "Hull runs on this machine, with gaps" : "everything is in order"
    return out + "\n\(verdict): \(findings.count - warnings - failures) ok, \(warnings) warn, \(failures) fail\n"
  }
}
