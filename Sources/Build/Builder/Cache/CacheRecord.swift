// SPDX-License-Identifier: Apache-2.0

/// One line of the build cache, for lists and for choosing what goes.
package struct CacheRecord: Sendable, Hashable {
  package enum Kind: String, Sendable {
    case regular
    case cacheMount = "exec.cachemount"
    /// A client's context.
    case localSource = "source.local"
    /// The file system of a command that has failed.
    case failedStep = "exec.failed"
  }

  /// A step's key without the algorithm, a cache mount's name, the digest of what names a context, or an image's ID without the algorithm.
  package var id: String
  package var kind: Kind
  package var description: String
  /// The record of the layer below; empty: none of the cache.
  package var parent = ""
  /// A build is using it.
  package var inUse = false
  /// Its layer is an image's, too: removing it frees nothing.
  package var shared = false
  /// bytes; of a shared one those of its layer, of all others those that go with it
  package var size: Int64
  /// Nanoseconds since 1970.
  package var created: Int64
  package var used: Int64
  package var uses: Int

  /// Builds change what is in it.
  package var isMutable: Bool { kind == .cacheMount || kind == .localSource }
}
