// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// An image that a stage stands on: it is in the store.
struct BaseImage: Sendable {
  let id: Digest
  let config: ImageConfig
  /// Of the index or manifest that the name stands for.
  let target: Digest
}

/// Finds the images that stages name, and brings them in.
protocol BaseImages: Sendable {
  /// - Parameters:
  ///   - name: as the Dockerfile has it.
  ///   - pull: ask the registry even when it is here.
  func image(_ name: String, platform: Platform, pull: Bool) async throws -> BaseImage
  /// An image of an OCI layout of the client's.
  /// - Parameter name: what the context is called.
  func image(_ address: LayoutAddress, platform: Platform, name: String) async throws -> BaseImage
}
