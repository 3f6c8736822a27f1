// SPDX-License-Identifier: Apache-2.0
import Errors

extension CgroupPlan.DeviceRule {
  /// Says something about every device.
  var isForAll: Bool { type == "a" || type.isEmpty }

  /// The line for v1's devices.allow and devices.deny.
  var legacyLine: String {
    if isForAll && major == nil && minor == nil { return "a" }
    func number(_ value: Int64?) -> String { value.flatMap { $0 < 0 ? nil : "\($0)" } ?? "*" }
    return "\(type.isEmpty ? "a" : type) \(number(major)):\(number(minor)) \(access.isEmpty ? "rwm" : access)"
  }
}

/// Compiles device rules into a `BPF_PROG_TYPE_CGROUP_DEVICE` program.
///
/// What the later rules say goes before what the earlier ones say, for each of the accesses asked for (read, write, mknod): the program
/// goes through the rules from the last to the first, forgets an access that a rule allows, and refuses when a rule denies one that is
/// still there. What no rule speaks of is refused.
package enum DeviceProgram {
  // Registers
  private static let result: UInt8 = 0
  private static let context: UInt8 = 1
  private static let type: UInt8 = 2
  private static let access: UInt8 = 3
  private static let major: UInt8 = 4
  private static let minor: UInt8 = 5
  private static let scratch: UInt8 = 6

  // Operations
  private static let load32: UInt8 = 0x61
  private static let move: UInt8 = 0xbf
  private static let moveConstant: UInt8 = 0xb7
  private static let and32: UInt8 = 0x54
  private static let shiftRight32: UInt8 = 0x74
  private static let jumpIfEqual: UInt8 = 0x15
  private static let jumpIfNotEqual: UInt8 = 0x55
  private static let exit: UInt8 = 0x95

  /// The program as the kernel takes it.
  package static func instructions(_ rules: [CgroupPlan.DeviceRule]) -> [UInt64] {
    var program = [
      // struct bpf_cgroup_dev_ctx: access_type (access << 16 | type), major, minor
      encode(load32, type, context, offset: 0),
      encode(move, access, type),
      encode(and32, type, constant: 0xffff),
      encode(shiftRight32, access, constant: 16),
      encode(load32, major, context, offset: 4),
      encode(load32, minor, context, offset: 8),
    ]
    for rule in rules.reversed() { program += block(rule) }
    return program + [encode(moveConstant, result, constant: 0), encode(exit)]
  }

  private static func block(_ rule: CgroupPlan.DeviceRule) -> [UInt64] {
    var conditions: [(register: UInt8, value: Int32)] = []
    if !rule.isForAll { conditions.append((type, rule.type == "b" ? 1 : 2)) }
    if let value = rule.major, value >= 0 { conditions.append((major, Int32(truncatingIfNeeded: value))) }
    if let value = rule.minor, value >= 0 { conditions.append((minor, Int32(truncatingIfNeeded: value))) }
    let body = action(rule)
    return conditions.enumerated().map { index, condition in
      let rest = conditions.count - index - 1 + body.count
      return encode(jumpIfNotEqual, condition.register, offset: Int16(rest), constant: condition.value)
    } + body
  }

  private static func action(_ rule: CgroupPlan.DeviceRule) -> [UInt64] {
    let bits = accessBits(rule.access)
    if rule.allow {
      return [
        encode(and32, access, constant: ~bits & 7),
        encode(jumpIfNotEqual, access, offset: 2),
        encode(moveConstant, result, constant: 1),
        encode(exit),
      ]
    }
    return [
      encode(move, scratch, access),
      encode(and32, scratch, constant: bits),
      encode(jumpIfEqual, scratch, offset: 2),
      encode(moveConstant, result, constant: 0),
      encode(exit),
    ]
  }

  /// `BPF_DEVCG_ACC_*`; no letters mean all.
  private static func accessBits(_ text: String) -> Int32 {
    if text.isEmpty { return 7 }
    return (text.contains("m") ? 1 : 0) | (text.contains("r") ? 2 : 0) | (text.contains("w") ? 4 : 0)
  }

  /// struct bpf_insn
  private static func encode(_ code: UInt8, _ destination: UInt8 = 0, _ source: UInt8 = 0, offset: Int16 = 0, constant: Int32 = 0) -> UInt64 {
    UInt64(code) | UInt64(destination | source << 4) << 8 | UInt64(UInt16(bitPattern: offset)) << 16
      | UInt64(UInt32(bitPattern: constant)) << 32
  }
}
