// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import OCISpec
import Seccomp

extension LaunchCompiler {
  /// A container's first process, or one of `exec`.
  ///
  /// A user without number but with a name (`username`, which the specification leaves to other platforms) is looked up in the container.
  /// Limits that the kernel refuses are a warning: callers add them without being asked.
  package static func process(_ process: RuntimeSpec.Process, seccomp: Seccomp.Program) throws(HullError) -> ProcessPlan {
    guard let arguments = process.args, !arguments.isEmpty else { throw HullError(.invalidArgument, "args must not be empty") }
    guard !process.cwd.isEmpty else { throw HullError(.invalidArgument, "Cwd property must not be empty") }
    guard process.cwd.hasPrefix("/") else { throw HullError(.invalidArgument, "Cwd must be an absolute path, not \"\(process.cwd)\"") }
    for text in arguments + (process.env ?? []) + [process.cwd] where text.utf8.contains(0) {
      throw HullError(.invalidArgument, "process: a string contains a null byte")
    }
    var plan = ProcessPlan(arguments: arguments, environment: environment(process.env ?? []))
    plan.cwd = process.cwd
    plan.user = user(process.user)
    plan.terminal = process.terminal ?? false
    plan.rows = UInt16(clamping: process.consoleSize?.height ?? 0)
    plan.columns = UInt16(clamping: process.consoleSize?.width ?? 0)
    plan.capabilities = CapabilityNames.sets(process.capabilities)
    plan.noNewPrivileges = process.noNewPrivileges ?? false
    plan.rlimits = try rlimits(process.rlimits ?? [])
    plan.seccompProgram = seccomp.code
    plan.seccompFlags = seccomp.flags
    plan.oomScoreAdj = process.oomScoreAdj
    plan.umask = process.user?.umask
    plan.apparmorProfile = process.apparmorProfile.flatMap { $0.isEmpty ? nil : $0 }
    plan.selinuxLabel = process.selinuxLabel.flatMap { $0.isEmpty ? nil : $0 }
    return plan
  }

  /// Of several values of one name the last, at the first one's place; an empty HOME is none, and the launcher finds one.
  private static func environment(_ list: [String]) -> [String] {
    var places: [Substring: Int] = [:]
    var result: [String] = []
    for item in list {
      let name = item.prefix { $0 != "=" }
      if let place = places[name] {
        result[place] = item
      } else {
        places[name] = result.count
        result.append(item)
      }
    }
    return result.filter { $0 != "HOME=" }
  }

  private static func user(_ user: RuntimeSpec.User?) -> UserPlan {
    guard let user else { return .ids(uid: 0, gid: 0, additional: []) }
    let additional = user.additionalGids ?? []
    if user.uid == nil, let name = user.username, !name.isEmpty { return .name(name, additional: additional.map(String.init)) }
    return .ids(uid: user.uid ?? 0, gid: user.gid ?? 0, additional: additional)
  }

  private static func rlimits(_ limits: [RuntimeSpec.Rlimit]) throws(HullError) -> [Rlimit] {
    var plans: [Rlimit] = []
    for limit in limits {
      guard let resource = rlimitNames.firstIndex(of: limit.type) else {
        throw HullError(.invalidArgument, "invalid rlimit type: \"\(limit.type)\"")
      }
      guard limit.soft <= limit.hard else {
        throw HullError(.invalidArgument, "\(limit.type): the soft limit \(limit.soft) is above the hard limit \(limit.hard)")
      }
      guard !plans.contains(where: { $0.resource == UInt32(resource) }) else {
        throw HullError(.invalidArgument, "rlimit \(limit.type) is given twice")
      }
      plans.append(Rlimit(resource: UInt32(resource), soft: limit.soft, hard: limit.hard, required: false))
    }
    return plans
  }

  /// In the order of their numbers (linux/resource.h).
  private static let rlimitNames = [
    "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE",
    "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
  ]
}
