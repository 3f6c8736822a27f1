// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Errors
import OCISpec

/// Filters of system calls: Docker's policies, and their compilation to a program for the kernel.
package enum Seccomp {
  /// A filter as the kernel takes it.
  package struct Program: Sendable, Equatable {
    /// An array of `struct sock_filter` in native byte order; empty: no filter.
    package var code: [UInt8]
    /// `SECCOMP_FILTER_FLAG_*`
    package var flags: UInt32
    package init(code: [UInt8] = [], flags: UInt32 = 0) {
      self.code = code
      self.flags = flags
    }
  }

  /// Compiles a filter to the kernel's classic BPF (an array of `struct sock_filter`).
  ///
  /// System calls that this machine's libseccomp does not know are left out, as runc does. Where the default is to refuse, calls newer than
  /// every call in the filter answer ENOSYS, so that programs fall back to what they know.
  package static func compile(_ filter: RuntimeSpec.Seccomp) throws(HullError) -> [UInt8] {
    let usual = try Action(filter.defaultAction, errno: filter.defaultErrnoRet)
    guard filter.listenerPath == nil else {
      throw HullError(.unsupported, "seccomp listenerPath is not supported: user space notification needs a listener")
    }
    let context = try FilterContext(default: usual)
    try context.add(architectures: filter.architectures ?? [])
    var newest = NewestSyscalls(architectures: context.architectures)
    for rule in filter.syscalls ?? [] {
      let action = try Action(rule.action, errno: rule.errnoRet)
      for name in rule.names {
        newest.note(name)
        if action != usual { try context.add(name, action: action, arguments: rule.args ?? []) }
      }
    }
    let program = try context.export()
    return usual.refusesQuietly ? newest.prologue(before: program.count / 8) + program : program
  }

  /// The `SECCOMP_FILTER_FLAG_*` of a filter. None named means the default of runc 1.2: the filter brings no speculation mitigation of its own.
  package static func flags(_ filter: RuntimeSpec.Seccomp) throws(HullError) -> UInt32 {
    guard let names = filter.flags else { return 1 << 2 }
    var flags: UInt32 = 0
    for name in names {
      switch name {
      case "SECCOMP_FILTER_FLAG_TSYNC": break  // the process has one thread when the filter comes
      case "SECCOMP_FILTER_FLAG_LOG": flags |= 1 << 1
      case "SECCOMP_FILTER_FLAG_SPEC_ALLOW": flags |= 1 << 2
      default: throw HullError(.unsupported, "seccomp flag \(name) is not supported")
      }
    }
    return flags
  }

  /// Compiles a filter and its flags; an empty filter (no default action, no rules) is no filter, as with runc.
  package static func program(_ filter: RuntimeSpec.Seccomp) throws(HullError) -> Program {
    if filter.defaultAction.isEmpty && (filter.syscalls ?? []).isEmpty { return Program() }
    return Program(code: try compile(filter), flags: try flags(filter))
  }
}
