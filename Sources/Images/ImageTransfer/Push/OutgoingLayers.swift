// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec
import Threads

/// Compresses the layers of an image that goes to a registry, several at a time.
struct OutgoingLayers: Sendable {
  let transfer: ImageTransfer
  let compression: Compression
  let claim: Claim
  let report: TransferReport

  /// - Returns: `nil`: it goes as it is.
  func formed(_ content: ImageContent) async throws -> FormedImage? {
    let (store, claim) = (transfer.store, claim)
    guard compression != .none, let outgoing = try await Blocking.run({ try store.outgoing(content) }) else { return nil }
    let plain = outgoing.plainLayers
    claim.claim(blobs: plain.map(\.digest))
    let layers = try await withThrowingTaskGroup(of: (Digest, Descriptor).self) { group in
      for layer in plain { group.addTask { (layer.digest, try await transfer.compressing.run { try await compressed(layer) }) } }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    return try await Blocking.run { try store.formed(outgoing, with: layers, claim) }
  }

  private func compressed(_ layer: Descriptor) async throws -> Descriptor {
    var form = LayerForm()
    form.compression = compression
    form.usesDockerTypes = layer.mediaType == MediaType.dockerLayer
    let (store, claim, wanted) = (transfer.store, claim, form)
    let meter = ProgressMeter("Compressing", id: layer.digest.short, total: layer.size, report: report)
    return try await Blocking.stream { try store.formed(layer, as: wanted, claim) { meter.add(Int64($0)) } }
  }
}
