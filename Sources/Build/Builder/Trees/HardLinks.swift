// SPDX-License-Identifier: Apache-2.0

/// The first names of files that have several, while a tree is written name by name.
package struct HardLinks<File: Hashable> {
  private var firsts: [File: String] = [:]

  package init() {}

  /// The name under which the file was written before; `nil`: this is its first.
  package mutating func first(_ file: File, at path: String) -> String? {
    if let first = firsts[file] { return first }
    firsts[file] = path
    return nil
  }
}
