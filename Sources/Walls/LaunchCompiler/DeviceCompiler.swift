// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import OCISpec

/// The device nodes and rules that every container has, whatever its configuration says (the specification's default devices, and what runc
/// adds to them).
enum StandardDevices {
  static let nodes: [DevicePlan] = [
    DevicePlan(path: "/dev/null", kind: .character, major: 1, minor: 3, mode: 0o666),
    DevicePlan(path: "/dev/random", kind: .character, major: 1, minor: 8, mode: 0o666),
    DevicePlan(path: "/dev/full", kind: .character, major: 1, minor: 7, mode: 0o666),
    DevicePlan(path: "/dev/tty", kind: .character, major: 5, minor: 0, mode: 0o666),
    DevicePlan(path: "/dev/zero", kind: .character, major: 1, minor: 5, mode: 0o666),
    DevicePlan(path: "/dev/urandom", kind: .character, major: 1, minor: 9, mode: 0o666),
  ]

  /// Making any node; the standard ones; ptys; /dev/net/tun.
  static let rules: [CgroupPlan.DeviceRule] =
    [
      CgroupPlan.DeviceRule(allow: true, type: "c", major: nil, minor: nil, access: "m"),
      CgroupPlan.DeviceRule(allow: true, type: "b", major: nil, minor: nil, access: "m"),
    ]
    + nodes.map { CgroupPlan.DeviceRule(allow: true, type: "c", major: Int64($0.major), minor: Int64($0.minor), access: "rwm") }
    + [
      CgroupPlan.DeviceRule(allow: true, type: "c", major: 136, minor: nil, access: "rwm"),
      CgroupPlan.DeviceRule(allow: true, type: "c", major: 5, minor: 2, access: "rwm"),
      CgroupPlan.DeviceRule(allow: true, type: "c", major: 10, minor: 200, access: "rwm"),
    ]
}

extension LaunchCompiler {
  /// The standard nodes and those of the configuration, which win where both name a path.
  ///
  /// None where the host's own /dev is bound into the container.
  static func devices(_ spec: RuntimeSpec, mounts: [MountPlan]) throws(HullError) -> [DevicePlan] {
    var plans: [DevicePlan] = []
    for device in spec.linux?.devices ?? [] { plans.append(try self.device(device)) }
    let named = Set(plans.map(\.path))
    let bound = mounts.contains { $0.destination == "/dev" && $0.flags & MountOptions.bind != 0 }
    return bound ? [] : StandardDevices.nodes.filter { !named.contains($0.path) } + plans
  }

  private static func device(_ device: RuntimeSpec.Device) throws(HullError) -> DevicePlan {
    let kind: DevicePlan.Kind
    switch device.type {
    case "c", "u": kind = .character
    case "b": kind = .block
    case "p": kind = .fifo
    default: throw HullError(.invalidArgument, "device \(device.path): invalid type \"\(device.type)\"; use c, b, u or p")
    }
    guard device.path.hasPrefix("/"), !device.path.utf8.contains(0) else {
      throw HullError(.invalidArgument, "device path \"\(device.path)\" is not absolute")
    }
    guard let major = UInt32(exactly: device.major ?? 0), let minor = UInt32(exactly: device.minor ?? 0) else {
      throw HullError(.invalidArgument, "device \(device.path): \(device.major ?? 0):\(device.minor ?? 0) is no device number")
    }
    var plan = DevicePlan(path: device.path, kind: kind, major: major, minor: minor, mode: (device.fileMode ?? 0o666) & 0o7777)
    plan.uid = device.uid ?? 0
    plan.gid = device.gid ?? 0
    return plan
  }

  /// The rules of the configuration, from "nothing" on, and the standard ones, unless everything is allowed anyway.
  static func devicePolicy(_ rules: [RuntimeSpec.DeviceRule]) throws(HullError) -> [CgroupPlan.DeviceRule] {
    let plans = try deviceRules(rules)
    if let last = plans.last, last.allow, last.type == "a", last.access.count == 3 { return [last] }
    let nothing = CgroupPlan.DeviceRule(allow: false, type: "a", major: nil, minor: nil, access: "rwm")
    return (plans.first?.type == "a" ? [] : [nothing]) + plans + StandardDevices.rules
  }

  private static func deviceRules(_ rules: [RuntimeSpec.DeviceRule]) throws(HullError) -> [CgroupPlan.DeviceRule] {
    var plans: [CgroupPlan.DeviceRule] = []
    for rule in rules {
      let type = rule.type.flatMap { $0.isEmpty ? nil : $0 } ?? "a"
      // Letters that mean nothing are dropped, as by runc.
      let access = rule.access.flatMap { $0.isEmpty ? nil : $0.filter("rwm".contains) } ?? "rwm"
      guard ["a", "b", "c"].contains(type) else { throw HullError(.invalidArgument, "invalid cgroup device type \"\(type)\"; use a, b or c") }
      guard !access.isEmpty else {
        throw HullError(.invalidArgument, "invalid cgroup device access \"\(rule.access ?? "")\"; use some of rwm")
      }
      plans.append(CgroupPlan.DeviceRule(allow: rule.allow, type: type, major: number(rule.major), minor: number(rule.minor), access: access))
    }
    return plans
  }

  /// -1 is how others write "any".
  private static func number(_ number: Int64?) -> Int64? { number.flatMap { $0 < 0 ? nil : $0 } }
}
