// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc

/// A system call that failed: what was tried, on what, and the kernel's error number.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  package let number: Int32
  /// `open /etc/passwd`
  package let operation: String

  package init(_ number: Int32, _ operation: String) {
    self.number = number
    self.operation = operation
  }

  /// The kernel's words in lower case, as Docker's clients know them: `no such file or directory`.
  package var reason: String { errorText(number) }

  package var description: String { "\(operation): \(reason)" }
}

/// The words for an error number, beginning in lower case.
package func errorText(_ number: Int32) -> String {
  guard let text = hull_error_text(number) else { return "error \(number)" }
  let words = String(cString: text)
  return words.prefix(1).lowercased() + words.dropFirst()
}

/// Repeats a call that a signal interrupted; -1 becomes a `SystemError`.
@inline(__always) @discardableResult
package func checked<Result: FixedWidthInteger & SignedInteger>(
  _ operation: @autoclosure () -> String, _ call: () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let number = errno
    if number != EINTR { throw SystemError(number, operation()) }
  }
}

extension HullError {
  /// An internal error, or the code given, that says what could not be done and why.
  package init(_ step: String, _ error: SystemError, code: Code = .internalError) { self.init(code, "\(step): \(error)") }
}

/// Turns a failed system call into a `HullError` that begins with the step.
@discardableResult
package func step<Result: ~Copyable>(
  _ what: @autoclosure () -> String, _ body: () throws(SystemError) -> Result
) throws(HullError) -> Result {
  do { return try body() } catch { throw HullError(what(), error) }
}
