// SPDX-License-Identifier: Apache-2.0
import Errors
import Layers
import OCISpec

/// An image that is being made.
struct Draft {
  var config: ImageConfig
  /// Blobs and unpacked layers, lowest first.
  var layers: [Descriptor]
  var infos: [LayerInfo]
  var reference: Reference?
  var parent: ImageID?

  /// The digest of an archive without entries, 1,024 zero bytes: a step that changed no file has no layer.
  static let emptyLayer = try? Digest("sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef")

  init(config: ImageConfig, layers: [Descriptor], infos: [LayerInfo], reference: Reference?, parent: ImageID?) {
    self.config = config
    self.layers = layers
    self.infos = infos
    self.reference = reference
    self.parent = parent
  }

  /// On top of an image, or of nothing.
  init(base: ImageRecord?, manifest: Manifest?, config: ProcessConfig) {
    self.config = base?.config ?? ImageConfig(platform: .host)
    self.config.config = config
    self.config.parent = nil
    layers = manifest?.layers ?? []
    infos = []
    parent = base?.id
  }

  mutating func add(_ info: LayerInfo, _ descriptor: Descriptor) {
    infos.append(info)
    layers.append(descriptor)
    config.rootfs.diffIDs.append(info.diffID)
  }

  mutating func describe(_ request: CommitRequest, created: String, isEmpty: Bool) {
    config.created = created
    config.author = request.author.isEmpty ? nil : request.author
    config.comment = nil
    config.history.append(
      ImageConfig.History(
        created: created, createdBy: request.createdBy, author: request.author.isEmpty ? nil : request.author,
        comment: request.comment.isEmpty ? nil : request.comment, emptyLayer: isEmpty ? true : nil))
    reference = request.reference
  }
}
