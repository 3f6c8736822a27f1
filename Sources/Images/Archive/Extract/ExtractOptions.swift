// SPDX-License-Identifier: Apache-2.0
import Errors

/// How an archive is unpacked.
package struct ExtractOptions: Sendable {
  /// Layer archives: `.wh.name` hides what lies below, `.wh..wh..opq` a whole directory (OCI image specification, whiteouts);
  /// they become what overlayfs understands.
  package var whiteouts = false
  /// With `whiteouts`: the layers below. Directories that the archive leaves out look as they do there.
  /// `nil`: there is nothing to hide, and whiteouts are left out.
  package var lower: LowerStack?
  /// `docker cp`: links in the tree lead where they lead for a process whose `/` is the root. Otherwise a path through a link that is absolute
  /// or leads outside is refused.
  package var followsLinks = false
  /// `docker cp`: refuse to put a directory where something else is, and the other way round.
  package var keepsKinds = false
  /// An entry for the root gives the directory itself its owner, mode and time; otherwise it keeps its own.
  package var dressesRoot = false
  /// Owner of everything, instead of what the archive says.
  package var owner: Owner?
  package var limits = TarReader.Limits()

  package init() {}

  package struct Owner: Sendable, Hashable {
    package var uid: UInt32
    package var gid: UInt32
    package init(uid: UInt32, gid: UInt32) {
      self.uid = uid
      self.gid = gid
    }
  }
}

/// The layers below one that is unpacked. Layers are unpacked at the same time, so these may not be there yet.
package struct LowerStack: Sendable {
  /// Their directories, topmost first. Called when an archive leaves a directory out, which is rare; blocks until all are there.
  package let directories: @Sendable () throws(HullError) -> [String]

  package init(_ directories: @escaping @Sendable () throws(HullError) -> [String]) { self.directories = directories }
}
