// SPDX-License-Identifier: Apache-2.0

/// The body of `POST /containers/{id}/exec`.
package struct ExecConfig: Codable, Sendable, Equatable, ZeroValue {
  @Field package var user: String
  @Field package var privileged: Bool
  @Field package var tty: Bool
  /// rows, columns
  package var consoleSize: [Int]?
  @Field package var attachStdin: Bool
  @Field package var attachStderr: Bool
  @Field package var attachStdout: Bool
  @Field package var detachKeys: String
  @OrNull package var env: [String]?
  @Field package var workingDir: String
  @Words package var cmd: [String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case user = "User"
    case privileged = "Privileged"
    case tty = "Tty"
    case consoleSize = "ConsoleSize"
    case attachStdin = "AttachStdin"
    case attachStderr = "AttachStderr"
    case attachStdout = "AttachStdout"
    case detachKeys = "DetachKeys"
    case env = "Env"
    case workingDir = "WorkingDir"
    case cmd = "Cmd"
  }
}

/// The body of `POST /exec/{id}/start`.
package struct ExecStartConfig: Codable, Sendable, Equatable, ZeroValue {
  @Field package var detach: Bool
  @Field package var tty: Bool
  /// rows, columns
  package var consoleSize: [Int]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case detach = "Detach"
    case tty = "Tty"
    case consoleSize = "ConsoleSize"
  }
}

/// The answer of `GET /exec/{id}/json`.
package struct ExecInspect: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var running: Bool
  @OrNull package var exitCode: Int?
  @Field package var processConfig: ExecProcessConfig
  @Field package var openStdin: Bool
  @Field package var openStderr: Bool
  @Field package var openStdout: Bool
  @Field package var canRemove: Bool
  @Field package var containerID: String
  @Field package var detachKeys: String
  @Field package var pid: Int

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "ID"
    case running = "Running"
    case exitCode = "ExitCode"
    case processConfig = "ProcessConfig"
    case openStdin = "OpenStdin"
    case openStderr = "OpenStderr"
    case openStdout = "OpenStdout"
    case canRemove = "CanRemove"
    case containerID = "ContainerID"
    case detachKeys = "DetachKeys"
    case pid = "Pid"
  }
}

/// What an exec runs.
package struct ExecProcessConfig: Codable, Sendable, Equatable, ZeroValue {
  @Field package var tty: Bool
  @Field package var entrypoint: String
  @Field package var arguments: [String]
  package var privileged: Bool?
  @OmitEmpty package var user: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case tty
    case entrypoint
    case arguments
    case privileged
    case user
  }
}
