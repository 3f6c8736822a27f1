// SPDX-License-Identifier: Apache-2.0
import Archive
import OCISpec

/// An image whose layers are in the store, before it is written down.
struct BuiltImage: Sendable {
  var platform: Platform
  var config: ImageConfig
  var fileSystem: FileSystem
}
