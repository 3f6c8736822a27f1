// SPDX-License-Identifier: Apache-2.0
import Errors

/// `--security-opt`, taken apart. AppArmor profiles and SELinux labels are accepted and, for now, have no effect.
struct SecurityOptions: Equatable {
  var noNewPrivileges = false
  /// `unconfined`, `builtin` or a profile as JSON; `nil`: the default profile.
  var seccomp: String?
  var apparmor: String?
  var writableCgroups: Bool?

  /// Throws `invalidArgument` in Docker's words.
  init(_ options: [String]) throws(HullError) {
    for option in options {
      switch option {
      case "no-new-privileges": noNewPrivileges = true
      case "writable-cgroups": writableCgroups = true
      case "disable": break
      default: try read(option)
      }
    }
  }

  private mutating func read(_ option: String) throws(HullError) {
    guard let separator = option.firstIndex(of: option.contains("=") ? "=" : ":") else {
      throw HullError(.invalidArgument, "invalid --security-opt 1: \"\(option)\"")
    }
    let value = String(option[option.index(after: separator)...])
    switch option[..<separator] {
    case "label": break
    case "apparmor": apparmor = value
    case "seccomp": seccomp = value
    case "no-new-privileges": noNewPrivileges = try bool(value, option)
    case "writable-cgroups": writableCgroups = try bool(value, option)
    default: throw HullError(.invalidArgument, "invalid --security-opt 2: \"\(option)\"")
    }
  }

  private func bool(_ text: String, _ option: String) throws(HullError) -> Bool {
    switch text.lowercased() {
    case "1", "t", "true": return true
    case "0", "f", "false": return false
    default: throw HullError(.invalidArgument, "invalid --security-opt 2: \"\(option)\"")
    }
  }
}
