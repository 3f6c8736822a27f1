// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Glibc

/// What sources of `COPY` mean in a directory: the paths that they match, and where links among them lead, within the directory.
struct FollowedPaths {
  private static let mostLinks = 255

  private let root: String
  /// Without slashes at their ends; one of them may be empty: everything.
  private(set) var paths: Set<String> = []

  /// - Parameter patterns: relative, with wildcards or without.
  init(_ patterns: [String], in root: String) {
    self.root = root
    for pattern in patterns { follow("", parts(pattern)[...], links: 0) }
  }

  private func parts(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }

  /// - Parameters:
  ///   - done: a path without links.
  ///   - rest: what comes below it.
  private mutating func follow(_ done: String, _ rest: ArraySlice<String>, links: Int) {
    guard let part = rest.first else {
      paths.insert(done)
      return
    }
    let rest = rest.dropFirst()
    if part == "." { return follow(done, rest, links: links) }
    if part == ".." { return follow(String(done.prefix(upTo: done.lastIndex(of: "/") ?? done.startIndex)), rest, links: links) }
    // Any number of directories may be below.
    if part.contains("**") { return follow(done, [], links: links) }
    guard FilePattern.hasWildcards(part) || part.contains("\\") else { return step(done, part, rest, links) }
    guard let pattern = try? FilePattern(part) else { return follow(done, [], links: links) }
    for name in names(done) where pattern.matches(name) { step(done, name, rest, links) }
  }

  private mutating func step(_ done: String, _ name: String, _ rest: ArraySlice<String>, _ links: Int) {
    let path = done.isEmpty ? name : "\(done)/\(name)"
    guard let target = target(path), links < Self.mostLinks else { return follow(path, rest, links: links) }
    paths.insert(path)
    follow(target.hasPrefix("/") ? "" : done, parts(target) + rest, links: links + 1)
  }

  /// `nil`: it is no link.
  private func target(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("\(root)/\(path)", &buffer, buffer.count)
    return count < 0 ? nil : String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func names(_ directory: String) -> [String] {
    guard let stream = opendir("\(root)/\(directory)") else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
