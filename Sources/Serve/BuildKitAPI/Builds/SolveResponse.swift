// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Foundation
import OCISpec

extension ControlSolveResponse {
  /// What clients are told of a build's result, by BuildKit's keys.
  init(_ result: BuildResult) {
    self.init()
    if let target = result.target {
      exporterResponse["containerimage.digest"] = target.digest.description
      if let json = try? JSONEncoder().encode(target) { exporterResponse["containerimage.descriptor"] = json.base64EncodedString() }
    }
    if result.images.count == 1 { exporterResponse["containerimage.config.digest"] = result.images[0].id.description }
    // The client writes it into the index of the directory that the cache went to.
    if let cache = result.cacheManifest, let json = try? JSONEncoder().encode(cache) {
      exporterResponse["cache.manifest"] = String(decoding: json, as: UTF8.self)
    }
    if !result.tags.isEmpty { exporterResponse["image.name"] = result.tags.map(\.description).joined(separator: ",") }
  }
}
