// SPDX-License-Identifier: Apache-2.0
import Archive
import Foundation
import OCISpec

/// A small image: its manifest and what it names.
struct SampleImage: Sendable {
  let config: [UInt8]
  let layer: [UInt8]
  let manifest: [UInt8]
  let descriptor: Descriptor

  init(layer: [UInt8] = sample(1000), subject: Descriptor? = nil, artifactType: String? = nil) throws {
    self.layer = layer
    config = Array("{}".utf8)
    var manifest = Manifest(config: RegistryClientTests.descriptor(config, MediaType.ociConfig), layers: [RegistryClientTests.descriptor(layer)])
    manifest.subject = subject
    manifest.artifactType = artifactType
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    self.manifest = Array(try encoder.encode(manifest))
    descriptor = RegistryClientTests.descriptor(self.manifest, MediaType.ociManifest)
  }
}

extension Exchange {
  /// Answers with an image's manifest.
  func serve(_ image: SampleImage) async throws { try await answer(200, ["Content-Type": MediaType.ociManifest], image.manifest) }
}
