// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What is in each directory of a table of paths that is complete, sorted by the bytes of the names.
struct PathOrder: Sendable {
  /// Of each directory's children in `children`, by its number.
  private var starts: [UInt32]
  private var children: [UInt32]

  init(_ table: PathTable) {
    var starts = [UInt32](repeating: 0, count: table.count + 1)
    for number in 1..<max(table.count, 1) { starts[table.parent(number) + 1] += 1 }
    for number in 0..<table.count { starts[number + 1] += starts[number] }
    var children = [UInt32](repeating: 0, count: table.count - 1)
    var next = starts
    for number in 1..<max(table.count, 1) {
      let parent = table.parent(number)
      children[Int(next[parent])] = UInt32(number)
      next[parent] += 1
    }
    children.withUnsafeMutableBufferPointer { all in
      for number in 0..<table.count where starts[number + 1] > starts[number] + 1 {
        var group = UnsafeMutableBufferPointer(rebasing: all[Int(starts[number])..<Int(starts[number + 1])])
        group.sort { PathOrder.precedes(table, $0, false, $1, false) }
      }
    }
    (self.starts, self.children) = (starts, children)
  }

  /// The numbers of what is in a directory.
  func children(of number: Int) -> ArraySlice<UInt32> { children[Int(starts[number])..<Int(starts[number + 1])] }

  /// Calls `body` with the number of each path but the root's, in the order of the bytes of the whole paths.
  func forEach(in table: PathTable, _ body: (Int) throws -> Void) rethrows {
    // A file `a-b` stands between a directory `a` and what is in it, since `-` comes before `/`.
    var pending = [visits(of: 0, table)]
    while let visit = pending[pending.count - 1].popLast() {
      if visit.isBelow { pending.append(visits(of: Int(visit.number), table)) } else { try body(Int(visit.number)) }
      while let last = pending.last, last.isEmpty, pending.count > 1 { pending.removeLast() }
    }
  }

  private struct Visit {
    var number: UInt32
    /// What is in it, not itself.
    var isBelow: Bool
  }

  /// The next one last.
  private func visits(of directory: Int, _ table: PathTable) -> [Visit] {
    var visits: [Visit] = []
    for number in children(of: directory) {
      visits.append(Visit(number: number, isBelow: false))
      if starts[Int(number)] < starts[Int(number) + 1] { visits.append(Visit(number: number, isBelow: true)) }
    }
    visits.sort { PathOrder.precedes(table, $1.number, $1.isBelow, $0.number, $0.isBelow) }
    return visits
  }

  /// - Parameters isBelow, isBelowOther: the name counts with a slash at its end.
  private static func precedes(_ table: PathTable, _ one: UInt32, _ isBelow: Bool, _ other: UInt32, _ isBelowOther: Bool) -> Bool {
    table.withName(Int(one)) { one in
      table.withName(Int(other)) { other in
        let common = min(one.count, other.count)
        let order = memcmp(one.baseAddress!, other.baseAddress!, common)
        if order != 0 { return order < 0 }
        let slash = UInt8(ascii: "/")
        let next = one.count > common ? one[common] : isBelow ? slash : nil
        let nextOther = other.count > common ? other[common] : isBelowOther ? slash : nil
        guard let nextOther else { return false }
        return next.map { $0 < nextOther } ?? true
      }
    }
  }
}
