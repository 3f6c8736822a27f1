// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Builder

@Suite("Paths by numbers")
struct PathTableTests {
  private func table(_ paths: [String]) -> PathTable {
    var table = PathTable()
    for path in paths { _ = table.insert(path) }
    return table
  }

  @Test func whatWasInsertedIsFoundAgain() {
    var table = PathTable()
    let paths = (0..<5000).map { "directory \($0 % 70)/\($0 % 7)/file \($0)" }
    let numbers = paths.map { table.insert($0) }
    #expect(Set(numbers).count == paths.count)
    for (path, number) in zip(paths, numbers) {
      #expect(table.find(path) == number)
      #expect(table.path(number) == path)
      #expect(table.insert(path) == number)
    }
    #expect(table.find("") == 0)
    #expect(table.find("directory 1/nothing") == nil)
    #expect(table.find("file 0") == nil)
  }

  @Test func directoriesAboveComeByThemselves() throws {
    let table = table(["a/b/c"])
    let parent = try #require(table.find("a/b"))
    #expect(table.count == 4)
    #expect(try table.parent(#require(table.find("a/b/c"))) == parent)
  }

  @Test func childrenAreSortedByTheBytesOfTheirNames() {
    let table = table(["b", "a/z", "ä", "a", "a-", "a0", "a/b"])
    let order = PathOrder(table)
    #expect(order.children(of: 0).map { table.name(Int($0)) } == ["a", "a-", "a0", "b", "ä"])
    #expect(order.children(of: table.find("a") ?? 0).map { table.name(Int($0)) } == ["b", "z"])
  }

  @Test func theOrderOfPathsIsThatOfTheirBytes() {
    let paths = ["a", "a-b", "a/c", "a/c-/x", "a/c/d", "a0", "b/x/y", "b-", "b", "b/x", "b/x.y/z", "a/c.", "ab/a", "ab", "b/x.y"]
    let table = table(paths)
    var visited: [String] = []
    PathOrder(table).forEach(in: table) { visited.append(table.path($0)) }
    #expect(visited == visited.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    #expect(Set(visited) == Set(paths).union(["a/c-"]))
  }

  @Test func anEmptyTableHasNothingInOrder() {
    var visits = 0
    PathOrder(PathTable()).forEach(in: PathTable()) { _ in visits += 1 }
    #expect(visits == 0)
  }
}
