// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import ImageStore
import OCISpec
import RegistryClient
import Threads

/// Images between registries and the store.
package final class ImageTransfer: Sendable {
  let store: ImageStore
  package let client: RegistryClient
  let downloads: Downloads
  let unpacking = AsyncLimiter(ImageStore.unpackers)
  let compressing = AsyncLimiter(ImageStore.unpackers)

  package init(store: ImageStore, client: RegistryClient) {
    self.store = store
    self.client = client
    downloads = Downloads(store.blobs)
  }

  /// Runs `body` with a claim on what it brings in; what nothing needs afterwards is removed.
  func claiming<Result: Sendable>(_ body: (Claim) async throws -> Result) async throws -> Result {
    let claim = store.claim()
    do {
      let result = try await body(claim)
      try await Blocking.run { try claim.release() }
      return result
    } catch {
      try? await Blocking.run { try claim.release() }
      throw error
    }
  }
}
