// SPDX-License-Identifier: Apache-2.0
import Archive
import OCISpec

/// An image whose layers are in the store, before it is written down.
struct BuiltImage: Sendable {
  var platform: Platform
  var config: ImageConfig
  var fileSystem: FileSystem
  /// How many of the layers are the base image's.
  var inherited: Int
  /// How many lines of the history are.
  var inheritedHistory: Int
  var origin: BuildOrigin
}
