// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors

/// At which instruction a build failed: the cause of the error that a build ends with.
package struct BuildFailure: Error, Sendable, CustomStringConvertible {
  package let vertex: BuildVertex
  package let excerpt: SourceExcerpt
  /// A command that ended with another code than 0.
  package let step: StepFailure?
  /// What else lay beneath.
  package let cause: (any Error)?

  /// What the message does not say: the exit code, or what lay beneath.
  package var reason: String? { step.map { "\($0)" } ?? cause.map { "\($0)" } }

  /// The reason, then the lines of the Dockerfile.
  package var description: String {
    (reason.map { $0 + "\n" } ?? "") + "\(excerpt)"
  }

  static func error(_ error: HullError, vertex: BuildVertex, location: SourceRange, dockerfile: Dockerfile, name: String) -> HullError {
    let excerpt = SourceExcerpt(name: name, location: location, of: dockerfile)
    let step = error.cause as? StepFailure
    return HullError(
      error.code, error.message, cause: BuildFailure(vertex: vertex, excerpt: excerpt, step: step, cause: step == nil ? error.cause : nil))
  }
}
