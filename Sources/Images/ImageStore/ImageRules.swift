// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// What an image must be like to come in, whatever the way.
package enum ImageRules {
  package static let maximumLayers = 500

  /// Compares a configuration with the number of layers in its manifest. Throws `invalidArgument` or `unsupported`, in Docker's words where
  /// there are any.
  package static func check(_ config: ImageConfig, id: ImageID, layers: Int) throws(HullError) {
    guard config.os.isEmpty || config.os == "linux" else {
      throw HullError(.invalidArgument, "cannot load \(quoted(config.os)) image on linux")
    }
    let diffIDs = config.rootfs.diffIDs
    guard diffIDs.count == layers else {
      throw HullError(.invalidArgument, "invalid manifest, layers length mismatch: expected \(layers), got \(diffIDs.count)")
    }
    guard layers <= maximumLayers else { throw HullError(.invalidArgument, "image \(id) has \(layers) layers, more than \(maximumLayers)") }
    if let foreign = diffIDs.first(where: { $0.algorithm != "sha256" }) {
      throw HullError(.unsupported, "image \(id): diff ID \(foreign): only sha256 is supported")
    }
  }
}
