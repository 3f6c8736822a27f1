// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Dockerfile
import Errors
import Glibc

/// A directory of this side's that a build may take files from.
struct BuildContext {
  /// `nil`: nothing is in it.
  var directory: String?

  /// Names this directory among all that the engine knows: the same name, the same files.
  var key: String {
    guard let directory else { return "" }
    var info = stat()
    stat(directory, &info)
    return "\(directory)\n\(info.st_dev)\n\(info.st_ino)\n\(getuid())"
  }

  /// Gives what belongs to it, in the order of names.
  /// - Parameters:
  ///   - includes: only these and what is below them; empty: everything.
  ///   - followed: only what these sources of `COPY` match; empty: everything.
  ///   - excludes: patterns of an ignore file.
  func list(includes: [String], followed: [String] = [], excludes: [String], _ give: (ListedFile) throws -> Void) throws {
    guard let directory else { return }
    let followed = FollowedPaths(followed, in: directory).paths
    let isWhole = followed.contains("")
    try ContextWalk(root: directory, ignore: IgnorePatterns(excludes), includes: isWhole ? [] : includes + followed.sorted()).run(give)
  }
}
