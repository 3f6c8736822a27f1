// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// What names stand for while a stage is planned: build arguments and the image's environment, which has the last word.
struct BuildVariables: Sendable {
  /// Declared by `ARG` in this stage, in order, with their values.
  private(set) var arguments: [(name: String, value: String?)] = []
  /// Their names in the order in which they were first declared.
  private var declared: [String] = []
  /// `NAME=value`
  var environment: [String]

  init(environment: [String]) { self.environment = environment }

  mutating func declare(_ name: String, _ value: String?) {
    arguments.removeAll { $0.name == name }
    arguments.append((name, value))
    if !declared.contains(name) { declared.append(name) }
  }

  mutating func set(_ name: String, _ value: String) {
    if let index = environment.firstIndex(where: { BuildVariables.name(of: $0) == name }) {
      environment[index] = "\(name)=\(value)"
    } else {
      environment.append("\(name)=\(value)")
    }
  }

  func value(_ name: String) -> String? { environmentValue(name) ?? arguments.last { $0.name == name }?.value }

  private func environmentValue(_ name: String) -> String? {
    environment.last { BuildVariables.name(of: $0) == name }.map { String($0.dropFirst(name.count + 1)) }
  }

  /// Arguments that a command sees beside the image's environment: those with a value that no `ENV` covers.
  var argumentEnvironment: [String] {
    arguments.compactMap { argument in
      guard let value = argument.value, environmentValue(argument.name) == nil else { return nil }
      return "\(argument.name)=\(value)"
    }
  }

  /// `NAME=value` of all that are declared, as the history has them: each where it was first declared, with what its name stands for now.
  var shownArguments: [String] { declared.map { "\($0)=\(value($0) ?? "")" } }

  /// What a step on `platform` is told to work for when it knows of another one, as BuildKit writes it: `->arm64`; empty: none.
  func crossTarget(from platform: Platform) -> String {
    var target = Platform(
      os: value("TARGETOS") ?? platform.os, architecture: value("TARGETARCH") ?? platform.architecture, variant: value("TARGETVARIANT"))
    if let whole = value("TARGETPLATFORM").flatMap({ try? Platform(parsing: $0) }) { target = whole }
    if target.os != platform.os { return "->\(target)" }
    if target.architecture == platform.architecture { return "" }
    return "->" + [target.architecture, target.variant].compactMap { $0 }.joined(separator: "/")
  }

  static func name(of entry: String) -> Substring { entry.prefix { $0 != "=" } }
}

/// Names that every build knows (Dockerfile reference, predefined ARGs).
enum PredefinedArguments {
  /// Not shown in the history and no part of the cache's key.
  static let proxies: Set<String> = [
    "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
  ]

  /// The platform in the global scope; a stage declares what it wants of it.
  static func platform(_ target: Platform, stage: String?) -> [String: String] {
    var values = ["TARGETSTAGE": stage ?? "default"]
    for (prefix, platform) in [("TARGET", target), ("BUILD", Platform.host)] {
      values["\(prefix)PLATFORM"] = platform.description
      values["\(prefix)OS"] = platform.os
      values["\(prefix)OSVERSION"] = platform.osVersion ?? ""
      values["\(prefix)ARCH"] = platform.architecture
      values["\(prefix)VARIANT"] = platform.variant ?? ""
    }
    return values
  }
}
