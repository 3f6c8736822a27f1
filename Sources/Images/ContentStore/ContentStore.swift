// SPDX-License-Identifier: Apache-2.0
import Errors

/// Blobs by digest, below `root/blobs/sha256/`: as they were received, verified, complete or not there.
package final class ContentStore: Sendable {
  package let root: String

  package init(root: String) throws(HullError) {
    self.root = root
  }
}
