// SPDX-License-Identifier: Apache-2.0

/// The ID of a stack of layers (OCI image config, layer ChainID): equal IDs mean equal stacks.
package enum Chain {
  /// One ID per layer, lowest first: `ids(diffIDs)[n]` names the stack of the layers 0…n.
  /// - Parameter hash: SHA-256; this module does no arithmetic of its own.
  package static func ids(_ diffIDs: [Digest], sha256 hash: (String) -> Digest) -> [Digest] {
    var ids: [Digest] = []
    for diffID in diffIDs {
      if let below = ids.last { ids.append(hash("\(below) \(diffID)")) } else { ids.append(diffID) }
    }
    return ids
  }
}
