// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// An error for a failed system call: `cannot open "x": No such file or directory`.
package func systemFailure(_ what: String, _ code: Int32 = errno) -> HullError {
  let reason = errorText(code)
  return HullError(code == ENOSPC || code == EDQUOT ? .tooLarge : .internalError, "\(what): \(reason)")
}

/// Repeats a call that a signal interrupted.
@inline(__always)
func uninterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
