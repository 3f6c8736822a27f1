// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Dockerfile
import Errors
import Glibc

/// A directory of this side's that a build may take files from.
struct BuildContext {
  let directory: String
  /// The Dockerfile's path in it, where it is there.
  var dockerfile: String?

  /// Names this directory among all that the engine knows: the same name, the same files.
  var key: String {
    var info = stat()
    stat(directory, &info)
    return "\(directory)\n\(info.st_dev)\n\(info.st_ino)\n\(getuid())"
  }

  /// A walk over what belongs to it (`.dockerignore`'s rules), of which only `includes` is wanted, or everything.
  func walk(includes: [String]) throws -> ContextWalk {
    let (name, ignore) = try ignoreFile()
    // As with docker: both are sent whatever they say of themselves; the builder leaves them out of the copies.
    return ContextWalk(root: directory, ignore: ignore, always: Set([name, dockerfile].compactMap { $0 }), includes: includes)
  }

  /// `<Dockerfile>.dockerignore` goes before `.dockerignore`.
  private func ignoreFile() throws -> (String?, IgnorePatterns) {
    for name in [dockerfile.map { "\($0).dockerignore" }, ".dockerignore"].compactMap({ $0 }) where Files.exists("\(directory)/\(name)") {
      return (name, try IgnorePatterns(file: Files.read("\(directory)/\(name)"), name: name))
    }
    return (nil, try IgnorePatterns([]))
  }
}
