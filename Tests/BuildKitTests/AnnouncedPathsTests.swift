// SPDX-License-Identifier: Apache-2.0
import Errors
import Testing

@testable import BuildKitAPI

@Suite struct AnnouncedPathsTests {
  private func accepts(_ entries: [(String, Bool)]) -> Bool {
    var paths = AnnouncedPaths()
    for (path, isDirectory) in entries {
      do { try paths.check(path, isDirectory: isDirectory) } catch { return false }
    }
    return true
  }

  @Test func aTreeInOrderIsAccepted() {
    #expect(accepts([("a", true), ("a/b", true), ("a/b/c", false), ("a/d", false), ("a.txt", false), ("b", false)]))
  }

  @Test(arguments: ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\0b", String(repeating: "n", count: 5000), ".."])
  func aPathThatIsNotCleanIsRefused(_ path: String) {
    #expect(!accepts([("a", true), (path, false)]))
  }

  @Test func aNameMayNotComeTwiceOrTooLate() {
    #expect(!accepts([("a", false), ("a", false)]))
    #expect(!accepts([("b", false), ("a", false)]))
    #expect(!accepts([("a", true), ("b", false), ("a/c", false)]))
  }

  @Test func whatIsBelowAFileOrLinkIsRefused() {
    #expect(!accepts([("link", false), ("link/passwd", false)]))
    #expect(!accepts([("a/b", false)]))
  }
}
