// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Errors

/// The registry: serves images to share, and looks after what it keeps.
@main struct Main: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hull-registry", abstract: "A registry of images: the OCI distribution specification on one directory.",
    subcommands: [Serve.self, Collect.self, Retain.self, Password.self])

  /// An error as ArgumentParser prints it: the message alone.
  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ error: any Error) { description = "\(error)" }
  }

  /// Runs a command's body; what it throws becomes its message.
  static func reporting(_ body: () async throws -> Void) async throws {
    do { try await body() } catch let error as ExitCode { throw error } catch { throw Failure(error) }
  }
}

/// Where the registry's directory is.
struct RootOptions: ParsableArguments {
  @Option(help: "Directory that keeps everything.")
  var root = "/var/lib/hull-registry"

  @Option(help: "File of access rules, quotas, immutable tags and retention, JSON.")
  var config: String?
}
