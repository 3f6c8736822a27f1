// SPDX-License-Identifier: Apache-2.0

/// Why a command of a build failed, as the two builders of Docker say it.
package struct StepFailure: Sendable, Equatable {
  /// Words joined by spaces: `/bin/sh -c exit 3`.
  package var command: String
  package var exitCode: Int

  package init(command: String, exitCode: Int) {
    self.command = command
    self.exitCode = exitCode
  }

  /// `The command '/bin/sh -c exit 3' returned a non-zero code: 3`
  package var classic: String { "The command '\(command)' returned a non-zero code: \(exitCode)" }

  /// `process "/bin/sh -c exit 3" did not complete successfully: exit code: 3`
  package var modern: String { "process \"\(command)\" did not complete successfully: exit code: \(exitCode)" }

  /// Reads either of the two out of a message; `nil` for any other.
  package init?(in message: String) {
    if let inner = StepFailure.between(message, "The command '", "' returned a non-zero code: ") ?? StepFailure.between(message, "process \"", "\" did not complete successfully: exit code: ") {
      self = inner
    } else {
      return nil
    }
  }

  private static func between(_ message: String, _ opening: String, _ closing: String) -> StepFailure? {
    guard let start = message.firstRange(of: opening), let end = message[start.upperBound...].firstRange(of: closing) else { return nil }
    let digits = message[end.upperBound...].prefix { $0.isNumber }
    guard let code = Int(digits) else { return nil }
    return StepFailure(command: String(message[start.upperBound..<end.lowerBound]), exitCode: code)
  }
}
