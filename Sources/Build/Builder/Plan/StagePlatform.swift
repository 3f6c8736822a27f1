// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// `FROM --platform=…`.
enum StagePlatform {
  /// - Parameters:
  ///   - text: as written.
  ///   - names: of the arguments that there are, for a suggestion.
  static func of(_ text: String, _ expander: WordExpander, names: [String]) throws(HullError) -> Platform {
    let expansion = try expander.expansion(of: text)
    let hint = expansion.missing.sorted().lazy.map { Suggestion.hint(for: $0, in: names) }.first { !$0.isEmpty } ?? ""
    guard !expansion.text.isEmpty else { throw HullError(.invalidArgument, "empty platform value from expression \(text)\(hint)") }
    if let part = expansion.text.split(separator: "/", omittingEmptySubsequences: false).first(where: { !isComponent($0) }) {
      throw HullError(
        .invalidArgument,
        "failed to parse platform \(text): \"\(part)\" is an invalid component of \"\(expansion.text)\": platform specifier component must match "
          + "\"^[A-Za-z0-9_.-]+$\": invalid argument\(hint)")
    }
    do { return try Platform(parsing: expansion.text) } catch {
      throw HullError(.invalidArgument, "failed to parse platform \(text): \(error.message)\(hint)")
    }
  }

  /// An operating system may have its version behind it in parentheses.
  private static func isComponent(_ part: Substring) -> Bool {
    !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5a).contains($0 & ~0x20) || "_.-()".utf8.contains($0) }
  }
}
