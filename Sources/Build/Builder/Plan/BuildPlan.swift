// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import OCISpec

/// The graph of one build for one platform, and what the image will be.
struct BuildPlan: Sendable {
  let target: StageState
  let platform: Platform
  /// Indices of the stages that the target needs.
  let stages: Set<Int>
  /// All that the target needs, in the order of the instructions.
  let vertices: [BuildVertex]
  var warnings: [BuildWarning]
  /// Images that the target stands on or takes files from.
  var images: [ImageSource] = []
}
