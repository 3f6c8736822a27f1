// SPDX-License-Identifier: Apache-2.0
import Errors

/// Paths within a tree.
package enum TreePaths {
  /// A directory and a name in it; the parent of a name at the top is the empty path.
  package static func split(_ path: String) -> (parent: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
    return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
  }

  package static func join(_ directory: String, _ name: String) -> String {
    directory.isEmpty ? name : name.isEmpty ? directory : directory + "/" + name
  }

  /// Without leading, trailing and double slashes, without `.`; `..` goes no higher than the root.
  package static func clean(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") {
      if part == "." { continue }
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return parts.joined(separator: "/")
  }

  /// The same of an archive's name, where `..` may come back from a directory but not lead out; `nil`: it does.
  static func inner(_ name: [UInt8]) -> String? {
    var parts: [Substring] = []
    for part in String(decoding: name, as: UTF8.self).split(separator: "/") where part != "." {
      if part != ".." { parts.append(part) } else if parts.popLast() == nil { return nil }
    }
    return parts.joined(separator: "/")
  }

  /// A path without its first components.
  static func dropFirst(_ count: Int, of path: String) -> String { path.split(separator: "/").dropFirst(count).joined(separator: "/") }

  /// Where a path leads when links in it are followed within the root; components that are not there stay as they are.
  /// - Parameter followsLast: also a link at the very end.
  package static func resolve(_ path: String, in tree: any FileTree, followsLast: Bool = true) throws(HullError) -> String {
    var pending = path.split(separator: "/").map(String.init).reversed() as [String]
    var done = ""
    var hops = 0
    while let part = pending.popLast() {
      if part == "." { continue }
      if part == ".." {
        done = split(done).parent
        if done.isEmpty { continue }
        continue
      }
      let next = join(done, part)
      guard let node = try tree.node(next), node.kind == .symbolicLink, followsLast || !pending.isEmpty else {
        done = next
        continue
      }
      hops += 1
      guard hops <= 255 else { throw HullError(.invalidArgument, "\(path): too many symbolic links") }
      if node.link.hasPrefix("/") { done = "" }
      pending += node.link.split(separator: "/").map(String.init).reversed()
    }
    return done
  }
}
