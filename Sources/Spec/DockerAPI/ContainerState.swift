// SPDX-License-Identifier: Apache-2.0

/// The state of a container as inspect shows it.
package struct ContainerState: Codable, Sendable, Equatable, ZeroValue {
  /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`
  @Field package var status: String
  @Field package var running: Bool
  @Field package var paused: Bool
  @Field package var restarting: Bool
  @Field package var oomKilled: Bool
  @Field package var dead: Bool
  @Field package var pid: Int
  @Field package var exitCode: Int
  @Field package var error: String
  /// RFC 3339 with nanoseconds
  @Field package var startedAt: String
  @Field package var finishedAt: String
  package var health: Health?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case status = "Status"
    case running = "Running"
    case paused = "Paused"
    case restarting = "Restarting"
    case oomKilled = "OOMKilled"
    case dead = "Dead"
    case pid = "Pid"
    case exitCode = "ExitCode"
    case error = "Error"
    case startedAt = "StartedAt"
    case finishedAt = "FinishedAt"
    case health = "Health"
  }
}

/// What the health check has found.
package struct Health: Codable, Sendable, Equatable, ZeroValue {
  /// `none`, `starting`, `healthy` or `unhealthy`
  @Field package var status: String
  @Field package var failingStreak: Int
  @OrNull package var log: [HealthcheckResult]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case status = "Status"
    case failingStreak = "FailingStreak"
    case log = "Log"
  }
}

/// One run of a health check.
package struct HealthcheckResult: Codable, Sendable, Equatable, ZeroValue {
  @Field package var start: String
  @Field package var end: String
  @Field package var exitCode: Int
  @Field package var output: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case start = "Start"
    case end = "End"
    case exitCode = "ExitCode"
    case output = "Output"
  }
}
