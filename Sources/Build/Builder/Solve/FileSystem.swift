// SPDX-License-Identifier: Apache-2.0
import Archive
import ImageStore
import Layers
import OCISpec

/// What a step gave when it is a file system: layers that are in the store, lowest first; or no more than the name of layers that are not here.
struct FileSystem: Sendable {
  struct Layer: Sendable {
    let info: LayerInfo
    let descriptor: Descriptor
    /// Nanoseconds since 1970 when this engine's builder made it; `nil`: it came with an image.
    var created: Int64?
  }

  var layers: [Layer] = []
  /// Chain ID of layers that are not here: enough for the keys of what stands on them.
  private var name: Digest?

  init(layers: [Layer] = []) { self.layers = layers }

  /// Chain ID; `nil` for an empty file system.
  var chain: Digest? { name ?? layers.last?.info.chain }
  /// All its layers are here: everything but making keys needs that.
  var isHere: Bool { name == nil }
  var infos: [LayerInfo] { layers.map(\.info) }

  /// Keeps its layers and blobs as long as the claim does.
  /// - Parameter recorded: rows of the store speak of all of it.
  func claim(with claim: Claim, recorded: Bool = false) {
    claim.claim(blobs: layers.map(\.descriptor.digest), chains: layers.map(\.info.chain), recorded: recorded)
  }

  /// On top of layers that are not here a layer is not, either.
  func adding(_ layer: Layer) -> FileSystem {
    guard isHere else { return naming(layer.info.diffID) }
    var result = self
    result.layers.append(layer)
    return result
  }

  /// With a layer that is not here; `nil`: with none.
  func naming(_ diffID: Digest?) -> FileSystem {
    guard let diffID else { return self }
    var result = FileSystem()
    result.name = Chain.ids([chain, diffID].compactMap { $0 }, sha256: SHA256.digest(of:)).last
    return result
  }
}

/// What a step gave.
enum StepValue: Sendable {
  case fileSystem(FileSystem)
  case tree(any FileTree)
  /// Of a command of a client's graph that has several results, by their numbers.
  case several([Int: FileSystem])

  /// More than the name of layers that are not here.
  var isHere: Bool { if case .fileSystem(let fileSystem) = self { fileSystem.isHere } else { true } }
}
