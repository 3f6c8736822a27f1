// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The paths of a tree, each with a number: some thirty bytes and its name for each, where a dictionary of strings takes hundreds.
///
/// Numbers follow the order of insertion; the root, the empty path, is number 0. Paths are as `FileTree` has them.
struct PathTable: Sendable {
  /// Bytes that a component of a path may have, as in Linux.
  static let longestName = 255

  private struct Entry {
    var parent: UInt32
    var start: UInt32
    var length: UInt8
  }

  private var names: [UInt8] = []
  private var entries = [Entry(parent: 0, start: 0, length: 0)]
  /// Numbers by the hash of directory and name, with open addressing; 0: free.
  private var slots = [UInt32](repeating: 0, count: 64)

  /// How many paths there are, with the root.
  var count: Int { entries.count }

  /// The number of a path, which is added with all directories above it that are not there. No component is longer than `longestName`.
  mutating func insert(_ path: String) -> Int {
    var number = 0
    PathTable.forEachName(path) { name in
      let slot = slot(number, name)
      number = slots[slot] == 0 ? append(name, to: number, slot) : Int(slots[slot])
      return true
    }
    return number
  }

  /// `nil`: there is no such path.
  func find(_ path: String) -> Int? {
    var number = 0
    var isThere = true
    PathTable.forEachName(path) { name in
      number = Int(slots[slot(number, name)])
      isThere = number != 0
      return isThere
    }
    return isThere ? number : nil
  }

  /// The number of the directory that a path is in; the root is in itself.
  func parent(_ number: Int) -> Int { Int(entries[number].parent) }

  func path(_ number: Int) -> String {
    number == 0 ? "" : TreePaths.join(path(parent(number)), name(number))
  }

  /// The last component.
  func name(_ number: Int) -> String { withName(number) { String(decoding: $0, as: UTF8.self) } }

  func withName<Result>(_ number: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let entry = entries[number]
    return names.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[Int(entry.start)..<(Int(entry.start) + Int(entry.length))])) }
  }

  /// Calls `body` with each component until it says `false`.
  private static func forEachName(_ path: String, _ body: (UnsafeRawBufferPointer) -> Bool) {
    var path = path
    path.withUTF8 { text in
      var rest = UnsafeRawBufferPointer(text)
      while !rest.isEmpty {
        let slash = memchr(rest.baseAddress!, Int32(UInt8(ascii: "/")), rest.count)
        let length = slash.map { $0 - UnsafeMutableRawPointer(mutating: rest.baseAddress!) } ?? rest.count
        guard body(UnsafeRawBufferPointer(rebasing: rest[..<length])) else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[min(length + 1, rest.count)...])
      }
    }
  }

  private mutating func append(_ name: UnsafeRawBufferPointer, to parent: Int, _ slot: Int) -> Int {
    let number = entries.count
    entries.append(Entry(parent: UInt32(parent), start: UInt32(names.count), length: UInt8(name.count)))
    names.append(contentsOf: name)
    slots[slot] = UInt32(number)
    if number * 2 > slots.count { grow() }
    return number
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for number in entries.indices.dropFirst() {
      let place = withName(number) { slot(parent(number), $0) }
      slots[place] = UInt32(number)
    }
  }

  /// Where a name is, or would be. The hash has a seed of its own in each process: nobody can send names that collide.
  private func slot(_ parent: Int, _ name: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(parent)
    hasher.combine(bytes: name)
    var index = hasher.finalize() & (slots.count - 1)
    while slots[index] != 0, !isNamed(Int(slots[index]), parent, name) { index = (index + 1) & (slots.count - 1) }
    return index
  }

  private func isNamed(_ number: Int, _ parent: Int, _ name: UnsafeRawBufferPointer) -> Bool {
    guard entries[number].parent == parent, entries[number].length == name.count else { return false }
    return withName(number) { memcmp($0.baseAddress!, name.baseAddress!, name.count) == 0 }
  }
}
