// SPDX-License-Identifier: Apache-2.0

/// What the kernel has counted for a control group: raw numbers, the same fields for v1 and v2. A limit of `nil` is no limit.
package struct CgroupStats: Sendable, Equatable {
  /// One line of a flat keyed file (`memory.stat`).
  package struct Counter: Sendable, Equatable {
    package var name: String
    package var value: UInt64
    package init(_ name: String, _ value: UInt64) {
      self.name = name
      self.value = value
    }
  }

  /// Input and output of one block device.
  package struct BlockIO: Sendable, Equatable {
    package var major: UInt64
    package var minor: UInt64
    package var readBytes: UInt64 = 0
    package var writeBytes: UInt64 = 0
    package var readOperations: UInt64 = 0
    package var writeOperations: UInt64 = 0
    package init(major: UInt64, minor: UInt64) {
      self.major = major
      self.minor = minor
    }
  }

  /// nanoseconds
  package var cpuTotal: UInt64 = 0
  /// nanoseconds
  package var cpuUser: UInt64 = 0
  /// nanoseconds
  package var cpuSystem: UInt64 = 0
  /// nanoseconds; empty on v2
  package var cpuPerCPU: [UInt64] = []
  package var cpuPeriods: UInt64 = 0
  package var cpuThrottledPeriods: UInt64 = 0
  /// nanoseconds
  package var cpuThrottled: UInt64 = 0
  /// bytes
  package var memoryUsage: UInt64 = 0
  /// bytes; 0 where the kernel does not tell
  package var memoryPeak: UInt64 = 0
  package var memoryFailures: UInt64 = 0
  /// bytes
  package var memoryLimit: UInt64?
  /// `memory.stat` as it is: v1 and v2 names differ, as in Docker's API
  package var memoryCounters: [Counter] = []
  package var pids: UInt64 = 0
  package var pidsLimit: UInt64?
  package var blockIO: [BlockIO] = []
  /// Whether the numbers come from v2 (Docker's clients compute memory use differently).
  package var isUnified = false
  package init() {}
}
