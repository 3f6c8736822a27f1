// SPDX-License-Identifier: Apache-2.0

/// The execution parameters that containers of an image start from (OCI image config, `config`, with Docker's additions).
package struct ProcessConfig: Sendable, Hashable, Codable {
  package var user: String?
  /// `80/tcp`; the values are empty objects on the wire.
  package var exposedPorts: Set<String>?
  /// `NAME=value`
  package var environment: [String]?
  package var entrypoint: [String]?
  package var command: [String]?
  package var volumes: Set<String>?
  package var workingDirectory: String?
  package var labels: [String: String]?
  package var stopSignal: String?
  /// seconds
  package var stopTimeout: Int?
  package var healthcheck: Healthcheck?
  package var onBuild: [String]?
  package var shell: [String]?
  package var argsEscaped: Bool?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case user = "User"
    case exposedPorts = "ExposedPorts"
    case environment = "Env"
    case entrypoint = "Entrypoint"
    case command = "Cmd"
    case volumes = "Volumes"
    case workingDirectory = "WorkingDir"
    case labels = "Labels"
    case stopSignal = "StopSignal"
    case stopTimeout = "StopTimeout"
    case healthcheck = "Healthcheck"
    case onBuild = "OnBuild"
    case shell = "Shell"
    case argsEscaped = "ArgsEscaped"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    user = try container.decodeIfPresent(String.self, forKey: .user)
    exposedPorts = try container.decodeIfPresent([String: Empty].self, forKey: .exposedPorts).map { Set($0.keys) }
    environment = try container.decodeIfPresent([String].self, forKey: .environment)
    entrypoint = try container.decodeIfPresent(Words.self, forKey: .entrypoint)?.words
    command = try container.decodeIfPresent(Words.self, forKey: .command)?.words
    volumes = try container.decodeIfPresent([String: Empty].self, forKey: .volumes).map { Set($0.keys) }
    workingDirectory = try container.decodeIfPresent(String.self, forKey: .workingDirectory)
    labels = try container.decodeIfPresent([String: String].self, forKey: .labels)
    stopSignal = try container.decodeIfPresent(String.self, forKey: .stopSignal)
    stopTimeout = try container.decodeIfPresent(Int.self, forKey: .stopTimeout)
    healthcheck = try container.decodeIfPresent(Healthcheck.self, forKey: .healthcheck)
    onBuild = try container.decodeIfPresent([String].self, forKey: .onBuild)
    shell = try container.decodeIfPresent(Words.self, forKey: .shell)?.words
    argsEscaped = try container.decodeIfPresent(Bool.self, forKey: .argsEscaped)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(user.flatMap { $0.isEmpty ? nil : $0 }, forKey: .user)
    try container.encodeIfPresent(exposedPorts.map(Empty.keyed), forKey: .exposedPorts)
    try container.encodeIfPresent(environment, forKey: .environment)
    try container.encodeIfPresent(entrypoint, forKey: .entrypoint)
    try container.encodeIfPresent(command, forKey: .command)
    try container.encodeIfPresent(volumes.map(Empty.keyed), forKey: .volumes)
    try container.encodeIfPresent(workingDirectory.flatMap { $0.isEmpty ? nil : $0 }, forKey: .workingDirectory)
    try container.encodeIfPresent(labels, forKey: .labels)
    try container.encodeIfPresent(stopSignal, forKey: .stopSignal)
    try container.encodeIfPresent(stopTimeout, forKey: .stopTimeout)
    try container.encodeIfPresent(healthcheck, forKey: .healthcheck)
    try container.encodeIfPresent(onBuild, forKey: .onBuild)
    try container.encodeIfPresent(shell, forKey: .shell)
    try container.encodeIfPresent(argsEscaped, forKey: .argsEscaped)
  }

  /// Docker's health check: `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", text]`; durations in nanoseconds.
  package struct Healthcheck: Sendable, Hashable, Codable {
    package var test: [String]?
    package var interval: Int64?
    package var timeout: Int64?
    package var startPeriod: Int64?
    package var startInterval: Int64?
    package var retries: Int?
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
}

/// `{}`, whatever it holds.
private struct Empty: Codable {
  init() {}
  init(from decoder: any Decoder) throws {}
  func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: ProcessConfig.CodingKeys.self) }
  static func keyed(_ keys: Set<String>) -> [String: Empty] {
    Dictionary(uniqueKeysWithValues: keys.map { ($0, Empty()) })
  }
}

/// A list of words, or one word as a plain string, as very old images have it.
private struct Words: Decodable {
  var words: [String]
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let word = try? container.decode(String.self) { words = [word] } else { words = try container.decode([String].self) }
  }
}
