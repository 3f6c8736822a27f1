// SPDX-License-Identifier: Apache-2.0
import Dockerfile

/// Arguments of the command line that no `ARG` takes: most likely misspelt.
enum UnusedArguments {
  /// Those that mean something without being declared.
  private static let predefined: Set<String> = [
    "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
    "SOURCE_DATE_EPOCH", "TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE", "BUILDPLATFORM",
    "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT",
  ]

  /// One warning for all of them, which belongs to no rule of the build checks.
  static func warning(_ arguments: [String: String], in dockerfile: Dockerfile) -> BuildWarning? {
    let declared = Set((dockerfile.metaArguments + dockerfile.stages.flatMap(\.instructions)).flatMap(names))
    let unused = arguments.keys.filter { !declared.contains($0) && !predefined.contains($0) && !$0.hasPrefix("BUILDKIT_") }.sorted()
    guard !unused.isEmpty else { return nil }
    return BuildWarning(
      rule: "", description: "", message: "One or more build-args [\(unused.joined(separator: " "))] were not consumed", url: "", location: nil)
  }

  private static func names(_ instruction: Instruction) -> [String] {
    guard case .argument(let assignments) = instruction.command else { return [] }
    return assignments.map(\.key)
  }
}
