// SPDX-License-Identifier: Apache-2.0

/// What is independent of the host in a container's configuration (Docker's `ContainerConfig`).
package struct ContainerConfig: Codable, Sendable, Equatable, ZeroValue {
  @Field package var hostname: String
  @Field package var domainname: String
  @Field package var user: String
  @Field package var attachStdin: Bool
  @Field package var attachStdout: Bool
  @Field package var attachStderr: Bool
  @OmitEmpty package var exposedPorts: [String: Empty]
  @Field package var tty: Bool
  @Field package var openStdin: Bool
  @Field package var stdinOnce: Bool
  @OrNull package var env: [String]?
  @Words package var cmd: [String]?
  package var healthcheck: HealthConfig?
  @OmitEmpty package var argsEscaped: Bool
  @Field package var image: String
  @OrNull package var volumes: [String: Empty]?
  @Field package var workingDir: String
  @Words package var entrypoint: [String]?
  @OmitEmpty package var networkDisabled: Bool
  @OmitEmpty package var macAddress: String
  @OmitEmpty package var onBuild: [String]
  @OrNull package var labels: [String: String]?
  @OmitEmpty package var stopSignal: String
  /// seconds
  package var stopTimeout: Int?
  @OmitEmpty package var shell: [String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case hostname = "Hostname"
    case domainname = "Domainname"
    case user = "User"
    case attachStdin = "AttachStdin"
    case attachStdout = "AttachStdout"
    case attachStderr = "AttachStderr"
    case exposedPorts = "ExposedPorts"
    case tty = "Tty"
    case openStdin = "OpenStdin"
    case stdinOnce = "StdinOnce"
    case env = "Env"
    case cmd = "Cmd"
    case healthcheck = "Healthcheck"
    case argsEscaped = "ArgsEscaped"
    case image = "Image"
    case volumes = "Volumes"
    case workingDir = "WorkingDir"
    case entrypoint = "Entrypoint"
    case networkDisabled = "NetworkDisabled"
    case macAddress = "MacAddress"
    case onBuild = "OnBuild"
    case labels = "Labels"
    case stopSignal = "StopSignal"
    case stopTimeout = "StopTimeout"
    case shell = "Shell"
  }
}

/// A test that says whether the container works; times in nanoseconds.
package struct HealthConfig: Codable, Sendable, Equatable, ZeroValue {
  /// `[]` inherits, `["NONE"]` disables, `["CMD", …]`, `["CMD-SHELL", command]`
  @OmitEmpty package var test: [String]
  @OmitEmpty package var interval: Int64
  @OmitEmpty package var timeout: Int64
  @OmitEmpty package var startPeriod: Int64
  @OmitEmpty package var startInterval: Int64
  @OmitEmpty package var retries: Int

  package init() {}

  enum CodingKeys: String, CodingKey {
    case test = "Test"
    case interval = "Interval"
    case timeout = "Timeout"
    case startPeriod = "StartPeriod"
    case startInterval = "StartInterval"
    case retries = "Retries"
  }
}
