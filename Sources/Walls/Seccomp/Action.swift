// SPDX-License-Identifier: Apache-2.0
import Errors

/// What happens to a system call: `SCMP_ACT_…` as the kernel's return value of a filter.
struct Action: Equatable {
  static let errnoBase: UInt32 = 0x0005_0000
  let value: UInt32

  /// Every name that runc knows and Hull honours.
  static let names = [
    "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE",
    "SCMP_ACT_TRAP",
  ]

  /// `errno`: what ERRNO and TRACE answer; EPERM when missing.
  init(_ name: String, errno: UInt32?) throws(HullError) {
    let answer = errno ?? 1
    guard answer <= 0xffff else { throw HullError(.invalidArgument, "seccomp errnoRet \(answer) is out of range (0…65535)") }
    switch name {
    case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": value = 0
    case "SCMP_ACT_KILL_PROCESS": value = 0x8000_0000
    case "SCMP_ACT_TRAP": value = 0x0003_0000
    case "SCMP_ACT_ERRNO": value = Self.errnoBase | answer
    case "SCMP_ACT_TRACE": value = 0x7ff0_0000 | answer
    case "SCMP_ACT_LOG": value = 0x7ffc_0000
    case "SCMP_ACT_ALLOW": value = 0x7fff_0000
    case "SCMP_ACT_NOTIFY": throw HullError(.unsupported, "seccomp action SCMP_ACT_NOTIFY is not supported: it needs a listener")
    default: throw HullError(.invalidArgument, "seccomp action \"\(name)\" is not known")
    }
  }

  /// The call fails with an errno other than ENOSYS, or the caller dies of it: a program that probes for a newer call deserves ENOSYS instead.
  var refusesQuietly: Bool {
    let base = value & 0xffff_0000
    return base == Self.errnoBase ? value & 0xffff != 38 : base == 0 || base == 0x8000_0000 || base == 0x0003_0000
  }
}
