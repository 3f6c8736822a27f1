// SPDX-License-Identifier: Apache-2.0

extension RuntimeSpec {
  /// Which system calls a container may make (the specification's seccomp).
  package struct Seccomp: Codable, Sendable, Equatable {
    /// `SCMP_ACT_…`
    package var defaultAction: String
    package var defaultErrnoRet: UInt32?
    /// `SCMP_ARCH_…`; the native one is always among them.
    package var architectures: [String]?
    /// `SECCOMP_FILTER_FLAG_…`
    package var flags: [String]?
    package var listenerPath: String?
    package var listenerMetadata: String?
    package var syscalls: [SyscallRule]?
    package init(defaultAction: String) { self.defaultAction = defaultAction }
  }

  package struct SyscallRule: Codable, Sendable, Equatable {
    package var names: [String]
    /// `SCMP_ACT_…`
    package var action: String
    package var errnoRet: UInt32?
    /// All must hold.
    package var args: [SyscallArgument]?
    package init(names: [String], action: String) {
      self.names = names
      self.action = action
    }
  }

  package struct SyscallArgument: Codable, Sendable, Equatable {
    /// 0…5
    package var index: UInt32
    package var value: UInt64
    package var valueTwo: UInt64?
    /// `SCMP_CMP_…`
    package var op: String
    package init(index: UInt32, value: UInt64, valueTwo: UInt64? = nil, op: String) {
      self.index = index
      self.value = value
      self.valueTwo = valueTwo
      self.op = op
    }
  }
}
