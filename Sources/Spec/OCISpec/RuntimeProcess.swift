// SPDX-License-Identifier: Apache-2.0

extension RuntimeSpec {
  /// What is executed in a container, as whom, and with what rights. Also the `process.json` of `exec --process`.
  package struct Process: Codable, Sendable, Equatable {
    package var terminal: Bool?
    package var consoleSize: ConsoleSize?
    package var user: User?
    package var args: [String]?
    package var commandLine: String?
    package var env: [String]?
    package var cwd: String
    package var capabilities: Capabilities?
    package var rlimits: [Rlimit]?
    package var noNewPrivileges: Bool?
    package var apparmorProfile: String?
    package var oomScoreAdj: Int32?
    package var selinuxLabel: String?
    package var scheduler: Scheduler?
    package var ioPriority: IOPriority?
    package var execCPUAffinity: CPUAffinity?

    package init(args: [String], env: [String] = [], cwd: String = "/") {
      self.args = args
      self.env = env
      self.cwd = cwd
    }
  }

  package struct ConsoleSize: Codable, Sendable, Equatable {
    package var height: UInt
    package var width: UInt
    package init(height: UInt, width: UInt) {
      self.height = height
      self.width = width
    }
  }

  package struct User: Codable, Sendable, Equatable {
    package var uid: UInt32?
    package var gid: UInt32?
    package var umask: UInt32?
    package var additionalGids: [UInt32]?
    /// Only on Windows by the specification; Hull's engine uses it for a name that is looked up in the container.
    package var username: String?
    package init(uid: UInt32 = 0, gid: UInt32 = 0) {
      self.uid = uid
      self.gid = gid
    }
  }

  /// Names as `CAP_CHOWN`.
  package struct Capabilities: Codable, Sendable, Equatable {
    package var bounding: [String]?
    package var effective: [String]?
    package var inheritable: [String]?
    package var permitted: [String]?
    package var ambient: [String]?
    package init() {}
  }

  package struct Rlimit: Codable, Sendable, Equatable {
    /// `RLIMIT_NOFILE`
    package var type: String
    package var hard: UInt64
    package var soft: UInt64
    package init(type: String, soft: UInt64, hard: UInt64) {
      self.type = type
      self.soft = soft
      self.hard = hard
    }
  }

  package struct Scheduler: Codable, Sendable, Equatable {
    /// `SCHED_OTHER`, …
    package var policy: String
    package var nice: Int32?
    package var priority: Int32?
    /// `SCHED_FLAG_RESET_ON_FORK`, …
    package var flags: [String]?
    /// nanoseconds
    package var runtime: UInt64?
    /// nanoseconds
    package var deadline: UInt64?
    /// nanoseconds
    package var period: UInt64?
    package init(policy: String) { self.policy = policy }
  }

  package struct IOPriority: Codable, Sendable, Equatable {
    /// `IOPRIO_CLASS_RT`, `IOPRIO_CLASS_BE` or `IOPRIO_CLASS_IDLE`
    package var `class`: String
    package var priority: Int?
    package init(class: String, priority: Int? = nil) {
      self.class = `class`
      self.priority = priority
    }
  }

  /// CPU lists as `0-3,7`, applied before and after the process has joined the container's cgroup.
  package struct CPUAffinity: Codable, Sendable, Equatable {
    package var initial: String?
    package var final: String?
    package init() {}
  }
}
