// SPDX-License-Identifier: Apache-2.0
import ImageStore
import Layers
import OCISpec

/// What a step gave when it is a file system: layers that are in the store, lowest first.
struct FileSystem: Sendable {
  struct Layer: Sendable {
    let info: LayerInfo
    let descriptor: Descriptor
    /// Nanoseconds since 1970 when this engine's builder made it; `nil`: it came with an image.
    var created: Int64?
  }

  var layers: [Layer] = []

  /// Chain ID; `nil` for an empty file system.
  var chain: Digest? { layers.last?.info.chain }
  var infos: [LayerInfo] { layers.map(\.info) }

  /// Keeps its layers and blobs as long as the claim does.
  func claim(with claim: Claim) { claim.claim(blobs: layers.map(\.descriptor.digest), chains: layers.map(\.info.chain)) }

  func adding(_ layer: Layer) -> FileSystem {
    var result = self
    result.layers.append(layer)
    return result
  }
}

/// What a step gave.
enum StepValue: Sendable {
  case fileSystem(FileSystem)
  case tree(any FileTree)
  /// Of a command of a client's graph that has several results, by their numbers.
  case several([Int: FileSystem])
}
