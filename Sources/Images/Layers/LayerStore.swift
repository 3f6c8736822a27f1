// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Unpacked layers, one directory per chain ID: `root/<hex>/fs`. A layer is there whole or not at all.
package final class LayerStore: Sendable {
  package let root: String

  package init(root: String) throws(HullError) {
    self.root = root
  }

  /// The directories of a stack of layers, topmost first, as an overlay mount takes them.
  package func lowerDirectories(_ diffIDs: [Digest]) -> [String] { [] }
}
