// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec
import Threads

/// The cache of the first builder knew instructions that only change the configuration: the same file gave the same image. Here only layers have times, so an
/// image without any is looked for among those that are there.
struct EarlierImage {
  let request: BuildRequest
  let images: ImageStore

  /// The configuration of an image that differs in nothing but its times, or the same one.
  func config(for made: ImageConfig) async throws -> ImageConfig {
    guard request.tellsConfiguration, !request.noCache, request.sourceDateEpoch == nil, made.rootfs.diffIDs.isEmpty else { return made }
    let wanted = try made.timeless
    let known = try await Blocking.run { [images] in try images.list().map(\.config) }
    return known.first { $0.rootfs.diffIDs.isEmpty && (try? $0.timeless) == wanted } ?? made
  }

  /// Whether the very image is in the store.
  func isThere(_ config: ImageConfig) async throws -> Bool {
    let id = SHA256.digest(of: try JSON.encode(config)).description
    return try await Blocking.run { [images] in (try? images.resolve(id)) != nil }
  }
}

extension ImageConfig {
  /// As it is written, without times.
  fileprivate var timeless: [UInt8] {
    get throws(HullError) {
      var copy = self
      copy.created = nil
      for index in copy.history.indices { copy.history[index].created = nil }
      return try JSON.encode(copy)
    }
  }
}
