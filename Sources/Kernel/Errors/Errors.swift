// SPDX-License-Identifier: Apache-2.0

/// The one error type of Hull: a code that a front end turns into a status, a message for a person, and what lay beneath.
///
/// Messages are lower case, have no full stop, name the object and, where there is one, the fix.
package struct HullError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is. Open: a room may add codes of its own; unknown codes are treated as `internalError`.
  package struct Code: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    /// HTTP 400.
    package static let invalidArgument = Code(rawValue: "invalid argument")
    /// HTTP 401.
    package static let unauthorized = Code(rawValue: "unauthorized")
    /// HTTP 403.
    package static let forbidden = Code(rawValue: "forbidden")
    /// HTTP 404.
    package static let notFound = Code(rawValue: "not found")
    /// HTTP 409.
    package static let conflict = Code(rawValue: "conflict")
    /// HTTP 304: the object is already in the state that was asked for.
    package static let notModified = Code(rawValue: "not modified")
    /// HTTP 413.
    package static let tooLarge = Code(rawValue: "too large")
    /// HTTP 501.
    package static let unsupported = Code(rawValue: "unsupported")
    /// HTTP 503.
    package static let unavailable = Code(rawValue: "unavailable")
    /// HTTP 400; the command is not there (exit code 127).
    package static let commandNotFound = Code(rawValue: "command not found")
    /// HTTP 400; the command is there but cannot be executed (exit code 126).
    package static let commandNotExecutable = Code(rawValue: "command not executable")
    /// HTTP 500.
    package static let internalError = Code(rawValue: "internal error")
  }

  package let code: Code
  package let message: String
  package let cause: (any Error)?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The message, followed by the causes' messages, each after a colon.
  package var description: String {
    guard let cause else { return message }
    return "\(message): \(cause)"
  }
}
