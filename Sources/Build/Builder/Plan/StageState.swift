// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import OCISpec

/// What a stage has come to while its instructions are planned one after the other.
struct StageState: Sendable {
  let name: String
  /// Among the stages of the file.
  let index: Int
  var platform: Platform
  var config: ProcessConfig
  /// The base image's configuration; its history and times go on.
  var base: ImageConfig?
  var step: Step
  var history: [PlannedHistory] = []
  var variables: BuildVariables
  var author: String?
  /// Its base image is here: what it does not set is not set.
  var isKnown = true
  /// `CMD` was given in this stage: a later `ENTRYPOINT` leaves it alone.
  var commandSet = false

  var directory: String { config.workingDirectory.flatMap { $0.isEmpty ? nil : $0 } ?? "/" }
  var shell: [String] { config.shell ?? Self.defaultShell(platform) }

  private static func defaultShell(_ platform: Platform) -> [String] { platform.os == "windows" ? ["cmd", "/S", "/C"] : ["/bin/sh", "-c"] }
}

/// A line of the history that is to be.
struct PlannedHistory: Sendable {
  var createdBy: String
  /// The step whose layer it is; `nil`: no layer.
  var step: Step?
}
