// SPDX-License-Identifier: Apache-2.0
import ImageStore
import ImageTransfer

/// What the builder needs of the engine that it belongs to.
package struct BuilderSurroundings: Sendable {
  package var images: ImageStore
  package var transfer: ImageTransfer
  package var runner: any StepRunner
  /// For files that builds keep: contexts, cache mounts, failed steps. On the store's file system.
  package var directory: String
  /// For secrets and sockets: in memory.
  package var state: String
  /// What builds may do when their clients ask for it.
  package var entitlements = Entitlement.usual

  package init(images: ImageStore, transfer: ImageTransfer, runner: any StepRunner, directory: String, state: String) {
    self.images = images
    self.transfer = transfer
    self.runner = runner
    self.directory = directory
    self.state = state
  }
}
