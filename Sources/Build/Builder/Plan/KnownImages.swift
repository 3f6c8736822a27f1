// SPDX-License-Identifier: Apache-2.0
import Errors
import ImageStore
import OCISpec
import Threads

/// Base images as far as they are here: nothing is pulled only to check a Dockerfile.
struct KnownImages: BaseImages {
  let images: ImageStore

  /// Throws `notFound` for one that is not here.
  func image(_ name: String, platform: Platform, pull: Bool) async throws -> BaseImage {
    let images = self.images
    let record = try await Blocking.run { try images.resolve(name) }
    return BaseImage(id: record.id, config: record.config, target: record.id)
  }

  /// A layout is not read only to check a Dockerfile.
  func image(_ address: LayoutAddress, platform: Platform, name: String) async throws -> BaseImage {
    throw HullError(.notFound, "\(name): a layout is not read for a check")
  }
}
