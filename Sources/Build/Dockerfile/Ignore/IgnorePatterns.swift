// SPDX-License-Identifier: Apache-2.0
import Errors

/// The patterns of a `.dockerignore` file (Dockerfile reference, ".dockerignore files"), with the rules of moby/patternmatcher: the last pattern that matches
/// a path or one of its directories decides, and one with `!` takes it back in.
///
/// Paths are relative, separated by slashes, without `.` and `..`.
package struct IgnorePatterns: Sendable, Hashable {
  /// In order, cleaned, with their exclamation marks.
  package let patterns: [String]
  /// Some pattern begins with `!`.
  package let hasExceptions: Bool
  private let compiled: [IgnorePattern]

  /// The patterns of a file.
  ///
  /// - Parameters:
  ///   - file: its bytes; a byte order mark, comments and blank lines count for nothing.
  ///   - name: for messages.
  /// - Throws: `.invalidArgument` with the line for `!` alone and for syntax errors.
  package init(file: [UInt8], name: String = ".dockerignore") throws(HullError) {
    var patterns: [IgnorePattern] = []
    for (number, line) in IgnorePatterns.lines(file) {
      guard let pattern = IgnorePatterns.cleaned(line) else { continue }
      do throws(HullError) {
        if let compiled = try IgnorePatterns.compile(pattern) { patterns.append(compiled) }
      } catch {
        throw HullError(.invalidArgument, "\(name) line \(number): \(error.message)")
      }
    }
    self.init(patterns)
  }

  /// Patterns that are there already, as `COPY --exclude` has them. Leading slashes stay: such patterns match nothing.
  ///
  /// - Throws: as for a file.
  package init(_ patterns: [String]) throws(HullError) {
    var compiled: [IgnorePattern] = []
    for pattern in patterns { if let pattern = try IgnorePatterns.compile(pattern) { compiled.append(pattern) } }
    self.init(compiled)
  }

  private init(_ compiled: [IgnorePattern]) {
    self.compiled = compiled
    patterns = compiled.map { ($0.isException ? "!" : "") + $0.text }
    hasExceptions = compiled.contains(where: \.isException)
  }

  package var isEmpty: Bool { compiled.isEmpty }

  /// Whether a path is left out of the build context. The context itself (`.`) never is.
  package func excludes(_ path: String) -> Bool { withBytes(of: path) { excludes($0) } }

  /// Whether a path is left out of the build context.
  package func excludes(_ path: [UInt8]) -> Bool { path.withUnsafeBufferPointer { excludes($0) } }

  private func excludes(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
    if path.isEmpty || path.count == 1 && path[0] == UInt8(ascii: ".") { return false }
    return IgnorePatterns.withEnds(of: path) { ends in
      compiled.reduce(false) { $1.isException == $0 && $1.matches(path, ends: ends) ? !$0 : $0 }
    }
  }

  /// Where the path and the directories that it lies in end.
  private static func withEnds<Result>(of path: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<Int>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: path.count + 1) { ends in
      var count = 0
      for index in path.indices where path[index] == UInt8(ascii: "/") {
        ends.initializeElement(at: count, to: index)
        count += 1
      }
      ends.initializeElement(at: count, to: path.count)
      return body(UnsafeBufferPointer(rebasing: ends[...count]))
    }
  }

  /// Whether something below a directory could be in the context although the directory itself is left out: otherwise a walk need not enter it.
  package func mayHaveIncludedChild(of directory: String) -> Bool {
    guard hasExceptions else { return false }
    return withBytes(of: directory) { directory in
      IgnorePatterns.withEnds(of: directory) { ends in
        compiled.contains { $0.isException && ($0.mayMatchBelow(directory) || $0.matches(directory, ends: ends)) }
      }
    }
  }

  /// Everything at the root is left out by one pattern alone: `*`, `**` or `**/*`.
  package var excludesWholeRoot: Bool { compiled.contains { !$0.isException && ["*", "**", "**/*"].contains($0.text) } }

  // MARK: Reading

  /// Lines by number, without those that are comments.
  private static func lines(_ file: [UInt8]) -> [(Int, String)] {
    let start = file.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    let lines = file[start...].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return lines.enumerated().compactMap { index, line in
      line.first == UInt8(ascii: "#") ? nil : (index + 1, String(decoding: line, as: UTF8.self))
    }
  }

  /// A line of a file as a pattern: relative to the context also when it begins with a slash.
  private static func cleaned(_ line: String) -> String? {
    var pattern = line.trimmed()
    if pattern.isEmpty { return nil }
    let isException = pattern.utf8.first == UInt8(ascii: "!")
    if isException { pattern = String(pattern.dropFirst()).trimmed() }
    if !pattern.isEmpty {
      pattern = GoPath.clean(pattern)
      if pattern.utf8.count > 1, pattern.utf8.first == UInt8(ascii: "/") { pattern.removeFirst() }
    }
    return (isException ? "!" : "") + pattern
  }

  private static func compile(_ pattern: String) throws(HullError) -> IgnorePattern? {
    let trimmed = pattern.trimmed()
    if trimmed.isEmpty { return nil }
    let text = GoPath.clean(trimmed)
    guard text.utf8.first == UInt8(ascii: "!") else { return try IgnorePattern(text, isException: false) }
    guard text.utf8.count > 1 else { throw HullError(.invalidArgument, "illegal exclusion pattern: \"!\"") }
    return try IgnorePattern(String(text.unicodeScalars.dropFirst()), isException: true)
  }
}
