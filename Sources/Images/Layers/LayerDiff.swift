// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// What a container's own directory changes against the layers below it.
package enum LayerDiff {
  package enum Kind: UInt8, Sendable { case modified = 0, added = 1, deleted = 2 }

  package struct Change: Sendable, Hashable {
    /// Absolute within the container.
    package let path: String
    package let kind: Kind
  }

  /// `docker diff`: sorted by path.
  /// - Parameters:
  ///   - upper: the container's directory of the union
  ///   - lowers: the layers below, topmost first
  package static func changes(upper: String, lowers: [String]) throws(HullError) -> [Change] {
    throw HullError(.unsupported, "changes")
  }
}
