// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Finds the program to execute, with the words that Docker's clients know.
enum CommandLookup {
  /// The path of `name`: as it is with a slash in it, otherwise from the environment's PATH.
  static func find(_ name: String, environment: [String]) throws(HullError) -> String {
    if name.contains("/") {
      if let failure = check(name) { throw failure }
      return name
    }
    let path = environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? ""
    for directory in path.split(separator: ":", omittingEmptySubsequences: false) where !name.isEmpty {
      let candidate = (directory.isEmpty ? "." : String(directory)) + "/" + name
      if check(candidate) != nil { continue }
      guard directory.hasPrefix("/") else {
        throw HullError(.commandNotExecutable, "exec: \"\(name)\": cannot run executable found relative to current directory")
      }
      return candidate
    }
    throw HullError(.commandNotFound, "exec: \"\(name)\": executable file not found in $PATH")
  }

  private static func check(_ path: String) -> HullError? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code: HullError.Code = errno == ENOENT ? .commandNotFound : .commandNotExecutable
      return HullError(code, "exec: \"\(path)\": stat \(path): \(errorText(errno))")
    }
    if status.isDirectory { return HullError(.commandNotExecutable, "exec: \"\(path)\": is a directory") }
    if faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0 {
      return HullError(.commandNotExecutable, "exec: \"\(path)\": \(errorText(errno))")
    }
    return nil
  }

  /// What execve itself had against it.
  static func failure(_ path: String, _ number: Int32) -> HullError {
    HullError(number == ENOENT ? .commandNotFound : .commandNotExecutable, "exec \(path): \(errorText(number))")
  }
}
