// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// One command that is to run in a file system.
package struct StepRun: Sendable {
  /// 64 hexadecimal digits.
  package var id: String
  /// Directories of the layers, topmost first.
  package var lower: [String]
  package var arguments: [String]
  /// `NAME=value`
  package var environment: [String]
  package var directory: String
  package var user: String
  package var mounts: [StepMount]
  package var network: String
  /// Empty: the runner's own.
  package var hostname: String
  package var extraHosts: [String]
  package var limits: BuildLimits
  /// All capabilities, no filter.
  package var insecure: Bool
  /// Whose programs they are.
  package var platform: Platform
  /// Gets what the command writes, stream 1 or 2; one call at a time.
  package var output: @Sendable (Int, [UInt8]) -> Void
}

/// Something that a command finds at a place. Targets are absolute and clean.
package enum StepMount: Sendable {
  /// A file or directory of the host.
  case bind(source: String, target: String, writable: Bool)
  /// Layers, topmost first; `path` in them (empty: all). `changes`: a directory with `upper` and `work` that takes what is changed; `nil`: they can only be
  /// read.
  case layers([String], path: String, target: String, changes: String?)
  /// `size` in bytes, 0: not limited.
  case tmpfs(target: String, size: Int64)

  package var target: String {
    switch self {
    case .bind(_, let target, _), .layers(_, _, let target, _), .tmpfs(let target, _): target
    }
  }
}

/// How a command ended.
package struct StepOutcome: Sendable {
  package var exitCode: Int32
  package var outOfMemory: Bool
  /// The directory with what the command changed, as overlayfs keeps it; there until `discard`.
  package var upper: String
  /// Removes the directory.
  package var discard: @Sendable () async -> Void

  package init(exitCode: Int32, outOfMemory: Bool, upper: String, discard: @escaping @Sendable () async -> Void) {
    self.exitCode = exitCode
    self.outOfMemory = outOfMemory
    self.upper = upper
    self.discard = discard
  }
}

/// Runs commands behind a wall: the engine. A cancelled task kills the command.
package protocol StepRunner: Sendable {
  func run(_ run: StepRun) async throws -> StepOutcome
}
