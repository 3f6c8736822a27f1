// SPDX-License-Identifier: Apache-2.0

/// One line of the build cache, for lists and for choosing what goes.
package struct CacheRecord: Sendable, Hashable {
  package enum Kind: String, Sendable {
    case regular
    case cacheMount = "exec.cachemount"
  }

  /// A step's key without the algorithm, or a cache mount's name.
  package var id: String
  package var kind: Kind
  package var description: String
  /// The record of the layer below; empty: none of the cache.
  package var parent = ""
  /// A build is using it.
  package var inUse = false
  /// An image has the same layer.
  package var shared = false
  /// bytes
  package var size: Int64
  /// Nanoseconds since 1970.
  package var created: Int64
  package var used: Int64
  package var uses: Int
}

/// What may stay of the build cache.
package struct CachePrune: Sendable {
  /// Also what images share.
  package var all = false
  /// Bytes that are kept in any case, the most recently used.
  package var reserved: Int64 = 0
  /// Nanoseconds since 1970: only what was not used since.
  package var unusedSince: Int64?
  /// Which records may go at all.
  package var matches: @Sendable (CacheRecord) -> Bool = { _ in true }

  package init() {}
}
