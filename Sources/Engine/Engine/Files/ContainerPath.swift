// SPDX-License-Identifier: Apache-2.0
import Archive
import DockerAPI
import Errors
import Glibc
import LinuxSystem

/// Looks at paths inside a root. Blocking.
enum ContainerPath {
  /// Docker's stat: the last part is not followed when it is a symbolic link, unless a slash or `/.` comes after it.
  static func stat(root: Int32, path: String, name: String, container: String) throws(HullError) -> PathStat {
    let follow = path.hasSuffix("/") || path.hasSuffix("/.")
    do throws(SystemError) {
      let place = try InRoot.open(root, CleanPath.clean("/" + path), OpenFlag.path | (follow ? 0 : O_NOFOLLOW))
      let status = try Files.status(of: place.number)
      if follow && !status.isDirectory { throw SystemError(ENOTDIR, "stat \(path)") }
      var stat = PathStat()
      stat.name = name
      stat.size = Int64(status.st_size)
      stat.mode = goMode(status.st_mode)
      stat.mtime = Timestamp.text(status.st_mtim.nanoseconds)
      if status.isSymbolicLink { stat.linkTarget = linkTarget(place.number, of: path) }
      return stat
    } catch {
      switch error.number {
      case ENOENT, ENOTDIR: throw HullError(.notFound, "Could not find the file \(path) in container \(container)")
      default: throw HullError("cannot look at \(path) in container \(container)", error)
      }
    }
  }

  /// Writes what is at a path as a tar whose topmost entry is `name`.
  static func pack(root: Int32, path: String, name: String, to descriptor: Int32) throws(HullError) {
    guard path.hasSuffix("/") || path.hasSuffix("/.") else {
      return try ArchiveFiles.pack(root: root, path: CleanPath.clean("/" + path), as: name, to: descriptor)
    }
    // A link with a slash after it stands for the directory that it leads to.
    let place = try step("cannot open \(path)") { () throws(SystemError) in
      try InRoot.open(root, CleanPath.clean("/" + path), O_RDONLY | O_DIRECTORY)
    }
    try ArchiveFiles.pack(root: place.number, as: name, to: descriptor)
  }

  /// Where a link leads, as an absolute path in the container.
  private static func linkTarget(_ link: Int32, of path: String) -> String {
    guard let target = try? Files.readLink("", at: link) else { return "" }
    return target.hasPrefix("/") ? CleanPath.clean(target) : CleanPath.clean(CleanPath.clean("/" + path) + "/../" + target)
  }

  /// The bits of Go's `os.FileMode`.
  static func goMode(_ mode: mode_t) -> UInt32 {
    var result = UInt32(mode & 0o777)
    switch mode & S_IFMT {
    case S_IFDIR: result |= 1 << 31
    case S_IFLNK: result |= 1 << 27
    case S_IFBLK: result |= 1 << 26
    case S_IFIFO: result |= 1 << 25
    case S_IFSOCK: result |= 1 << 24
    case S_IFCHR: result |= 1 << 26 | 1 << 21
    default: break
    }
    if mode & S_ISUID != 0 { result |= 1 << 23 }
    if mode & S_ISGID != 0 { result |= 1 << 22 }
    if mode & S_ISVTX != 0 { result |= 1 << 20 }
    return result
  }
}
