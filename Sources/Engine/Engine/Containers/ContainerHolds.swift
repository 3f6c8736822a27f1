// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import GRDB
import ImageStore

/// How a container keeps the layers that it stands on.
extension ContainerRecord {
  /// As it goes to disk: its volumes are there now, and each image mount has a name under which it holds layers.
  func holding() -> ContainerRecord {
    var stored = self
    for index in stored.definition.mounts.indices {
      stored.definition.mounts[index].isNew = false
      if stored.definition.mounts[index].kind == .image { stored.definition.mounts[index].holder = "\(imageHolder)/\(index)" }
    }
    return stored
  }

  /// Its image and those that are mounted in it.
  var images: [ImageID] {
    ([definition.imageID] + definition.mounts.filter { $0.kind == .image }.map(\.imageID)).compactMap { try? ImageID($0) }
  }

  /// Holds the layers of its image and of the images that are mounted in it, within a transaction of the caller's.
  func hold(_ images: ImageStore, in database: GRDB.Database) throws {
    try images.hold(ImageID(definition.imageID), by: imageHolder, in: database)
    for mount in definition.mounts where mount.kind == .image { try images.hold(ImageID(mount.imageID), by: mount.holder, in: database) }
  }
}
