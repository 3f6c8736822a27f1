// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec

/// The file system of a command that failed, as it was when it failed: an image that every command for images knows, so nothing is hidden.
package struct FailedStep: Sendable {
  /// The images' repository; their tags are the IDs that `hull build shell` takes.
  package static let repository = "failed-build"
  /// Of the image: the command.
  static let label = "hull.build.failed"

  let step: RunStep

  /// Keeps it, with the command's environment, directory and user. Blocking.
  /// - Returns: its tag.
  func keep(_ fileSystem: FileSystem, _ images: ImageStore) throws(HullError) -> String {
    var process = ProcessConfig()
    process.environment = step.environment
    process.workingDirectory = step.directory
    process.user = step.user.isEmpty ? nil : step.user
    process.command = ["/bin/sh"]
    process.labels = [FailedStep.label: step.shown]
    var config = ImageConfig(platform: step.platform, config: process, diffIDs: fileSystem.infos.map(\.diffID))
    config.created = RFC3339.text(nanoseconds: BuildClock.now())
    let tag = String(SHA256.digest(of: "\(fileSystem.chain?.hex ?? "") \(step.shown) \(BuildClock.now())").hex.prefix(12))
    let built = BuiltImageRequest(config: config, layers: fileSystem.infos, descriptors: fileSystem.layers.map(\.descriptor))
    let claim = images.claim()
    defer { try? claim.release() }
    try images.register(images.prepare(built: [built], claim), references: [Reference("\(FailedStep.repository):\(tag)")])
    return tag
  }
}
