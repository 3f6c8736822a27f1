// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Layers
import LinuxSystem

/// What a command's layer has because something was mounted there: it is not the command's, and its times would make every layer another.
struct MountPlaces {
  /// Empty files and directories on which something was mounted.
  private(set) var own: Set<String> = []
  /// Directories of the base, but for their times as they were, in which such places were made.
  private(set) var around: Set<String> = []

  /// - Parameters:
  ///   - targets: what the step mounted, beside the mounts that every container has.
  ///   - mountPoints: where those are.
  ///   - changes: the step's directory of the union.
  init(_ targets: [String], _ mountPoints: Set<String>, in base: any FileTree, changes: Int32) throws(HullError) {
    for target in targets {
      var path = TreePaths.clean(target)
      while !path.isEmpty, try base.node(path) == nil {
        own.insert("/" + path)
        path = TreePaths.split(path).parent
      }
      try add(around: path, base, changes)
    }
    for place in mountPoints { try add(around: TreePaths.split(TreePaths.clean(place)).parent, base, changes) }
  }

  private mutating func add(around path: String, _ base: any FileTree, _ changes: Int32) throws(HullError) {
    guard !path.isEmpty, let node = try base.node(path), node.kind == .directory else { return }
    var status = stat()
    guard fstatat(changes, path, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode == S_IFDIR | node.mode,
      status.st_uid == node.uid, status.st_gid == node.gid
    else { return }
    around.insert("/" + path)
  }
}
