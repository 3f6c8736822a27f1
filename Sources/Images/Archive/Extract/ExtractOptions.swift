// SPDX-License-Identifier: Apache-2.0

/// How an archive is unpacked.
package struct ExtractOptions: Sendable {
  /// Layer archives: `.wh.name` hides what lies below, `.wh..wh..opq` a whole directory (OCI image specification, whiteouts);
  /// they become what overlayfs understands.
  package var whiteouts = false
  /// With `whiteouts`: the layers below, topmost first. Directories that the archive leaves out look as they do there.
  /// Empty: there is nothing to hide, and whiteouts are left out.
  package var lowerLayers: [String] = []
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
