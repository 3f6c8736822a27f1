// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Synchronization

/// The names of the repositories that hold a manifest, in memory: read once at the start, then kept up to date.
package final class Catalog: Sendable {
  private let names: Mutex<[RepositoryName]>

  init(_ shelf: Shelf) throws(HullError) {
    var found: [RepositoryName] = []
    var waiting = [""]
    while let prefix = waiting.popLast() {
      for entry in try shelf.names(prefix.isEmpty ? Layout.repositories : "\(Layout.repositories)/\(prefix)") {
        if entry == "_manifests", let name = try? RepositoryName(prefix), !(try shelf.names(Layout.manifests(name))).isEmpty { found.append(name) }
        if !entry.hasPrefix("_") { waiting.append(prefix.isEmpty ? entry : "\(prefix)/\(entry)") }
      }
    }
    let sorted = found.sorted()
    names = Mutex(sorted)
  }

  /// All of them, in the order of their bytes.
  package var all: [RepositoryName] { names.withLock { $0 } }

  package func contains(_ name: RepositoryName) -> Bool {
    names.withLock { names in
      let index = Catalog.index(of: name, in: names)
      return index < names.count && names[index] == name
    }
  }

  /// Those after `last` that `allowed` lets through, and whether there are more.
  package func page(after last: String?, limit: Int, where allowed: (RepositoryName) -> Bool) -> (names: [RepositoryName], more: Bool) {
    var page: [RepositoryName] = []
    for name in all where last.map({ $0 < name.description }) ?? true {
      guard allowed(name) else { continue }
      if page.count == limit { return (page, true) }
      page.append(name)
    }
    return (page, false)
  }

  func add(_ name: RepositoryName) {
    names.withLock { names in
      let index = Catalog.index(of: name, in: names)
      if index == names.count || names[index] != name { names.insert(name, at: index) }
    }
  }

  func remove(_ name: RepositoryName) {
    names.withLock { names in
      let index = Catalog.index(of: name, in: names)
      if index < names.count, names[index] == name { names.remove(at: index) }
    }
  }

  /// Where `name` is or would be.
  private static func index(of name: RepositoryName, in names: [RepositoryName]) -> Int {
    var low = 0
    var high = names.count
    while low < high {
      let middle = (low + high) / 2
      if names[middle] < name { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
