// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Testing

@Suite struct IgnoreTests {
  private func patterns(_ text: String) throws -> IgnorePatterns { try IgnorePatterns(file: Array(text.utf8)) }

  @Test func aFileIsCleaned() throws {
    let text = "\u{feff}# comment\n\n a \n/b/\n! /c\n./d//e/../f\n #g\n!h\r\n/\n"
    #expect(try patterns(text).patterns == ["a", "b", "!c", "d/f", "#g", "!h", "/"])
  }

  @Test(
    arguments: [
      ("a", "a", true), ("a", "a/b/c", true), ("a", "b/a", false), ("a/b", "a", false), ("*.go", "x.go", true), ("*.go", "d/x.go", false),
      ("**/*.go", "d/e/x.go", true),
      ("**/*.go", "x.go", true), ("a*", "abc/d", true), ("a/*", "a/b/c", true), ("*", "a/b", true), ("**", "a", true), ("?", "a", true),
      ("?", "ab", false), ("**/a", "a", true),
      ("**/a", "b/c/a/d", true), ("**a", "ba", true), ("a/**", "a", false), ("a/**", "a/b", true), ("a/**", "ab/c", false), ("a**", "abc/d", true),
      ("a/**/b", "a/b", true),
      ("a/**/b", "a/x/y/b", true), ("a/**/b", "ax/b", false), ("**/a/**", "x/a/y", true), ("**/a/**", "a/y", true), ("**/a/**", "x/ab/y", false),
      ("[a-c]x", "bx", true),
      ("[^a-c]x", "bx", false), ("[^a-c]x", "dx", true), ("a\\*", "a*", true), ("a\\*", "ab", false), ("a.b", "axb", false), ("a+b", "a+b", true),
      ("(a)", "(a)", true), ("é?", "éü", true),
      (".", "a", false), ("..", "a", false), ("/", "a", false), ("a/**/**/b", "a/b", true), ("**/**", "a/b", true), ("a*c", "abbc", true),
      ("*a*b*", "xaxbx", true), ("a[b", "a", nil),
    ] as [(String, String, Bool?)])
  func patternsMatchAsDockersDo(pattern: String, path: String, expected: Bool?) throws {
    guard let expected else {
      #expect(throws: HullError.self) { try patterns(pattern) }
      return
    }
    #expect(try patterns(pattern).excludes(path) == expected)
  }

  @Test(arguments: [
    ("*\n!a", "a", false), ("*\n!a", "b", true), ("*\n!a", "a/b", false), ("*\n!a\na/b", "a/b", true), ("a\n!a/b", "a/b", false),
    ("a\n!a/b", "a/c", true), ("!a\na", "a", true),
    ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true), ("*.md\n!README*.md\nREADME-secret.md", "README-a.md", false),
    ("**/*\n!**/*.go", "a/b.go", false),
    ("a\n!a/x\na", "a/x", true), ("*", ".", false),
  ])
  func theLastPatternDecides(text: String, path: String, expected: Bool) throws { #expect(try patterns(text).excludes(path) == expected) }

  @Test(arguments: [
    ("a", "a", false), ("a\n!a/b", "a", true), ("a\n!b", "a", false), ("*\n!a/b/c", "a", true), ("*\n!a/b/c", "a/b", true),
    ("*\n!a/b/c", "a/x", false), ("*\n!a/b/c", "a/b/c", true),
    ("*\n!**/*.go", "x/y", true), ("*\n!a/*/c", "a/b", true), ("*\n!a/*/c", "b", false), ("*\n!a/*/c", "a/b/d", false), ("*\n!src/**", "src/x", true),
    ("*\n!src/**", "srcx", false),
    ("*\n!ab", "a", false), ("*\n!s*/a", "src", true), ("*\n!s*/a", "t", false),
  ])
  func aWalkSkipsWhatNoExceptionReaches(text: String, directory: String, expected: Bool) throws {
    #expect(try patterns(text).mayHaveIncludedChild(of: directory) == expected)
  }

  @Test(arguments: [
    ("a\n!\n", ".dockerignore line 2: illegal exclusion pattern: \"!\""), ("\n\n[", ".dockerignore line 3: syntax error in pattern \"[\""),
    ("a\\", ".dockerignore line 1: syntax error in pattern \"a\\\\\""),
    ("[]a]", ".dockerignore line 1: syntax error in pattern \"[]a]\""),
  ])
  func brokenLinesAreToldByNumber(text: String, message: String) {
    do throws(HullError) {
      _ = try IgnorePatterns(file: Array(text.utf8))
      Issue.record("\(text) was read")
    } catch {
      #expect(error.message == message && error.code == .invalidArgument)
    }
  }

  @Test(arguments: [
    ("a*", "abc", true), ("a*", "a/b", false), ("a?c", "abc", true), ("[a-c]", "b", true), ("[^a-c]", "b", false), ("a/*/c", "a/b/c", true),
    ("a/*/c", "a/b/d/c", false), ("\\*", "*", true),
    ("**", "a/b", false), ("", "", true), ("", "a", false), ("*", "", true), ("*.tx?", "a.txt", true), ("a", "a/", false), ("[\\]]", "]", true),
    ("*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
  ])
  func wildcardsMatchAsGosDo(pattern: String, path: String, expected: Bool) throws { #expect(try FilePattern(pattern).matches(path) == expected) }

  @Test func wildcardsCanHaveDirectoriesWhereAllowed() throws {
    let pattern = try FilePattern("src/**/*.go", allowsDoubleStar: true)
    #expect(pattern.matches("src/a/b/c.go") && pattern.matches("src/c.go") && !pattern.matches("c.go"))
    #expect(pattern.fixedDirectory == "src" && pattern.mayMatchBelow("src/a") && pattern.mayMatchBelow("src") && !pattern.mayMatchBelow("lib"))
    #expect(
      try FilePattern("a/b*/c").fixedDirectory == "a" && (try FilePattern("a/b/c")).fixedDirectory == "a/b"
        && (try FilePattern("*")).fixedDirectory == "")
    #expect(try FilePattern("a/b*/c").mayMatchBelow("a/bx") && !(try FilePattern("a/b*/c").mayMatchBelow("a/bx/c")))
    #expect(FilePattern.hasWildcards("a*") && !FilePattern.hasWildcards("a\\*") && FilePattern.hasWildcards("[") && !FilePattern.hasWildcards("a/b"))
    for text in ["[", "[a", "a\\", "[]", "[-]", "[a-]"] { #expect(throws: HullError.self, "\(text)") { try FilePattern(text) } }
  }
}
