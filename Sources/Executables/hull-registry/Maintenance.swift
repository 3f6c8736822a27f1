// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Errors
import Glibc
import RegistryServer
import RegistryStore

/// `hull-registry gc`
struct Collect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove what nothing needs, while no registry serves the directory (one that serves does it by itself).")

  @OptionGroup var directory: RootOptions

  @Option(help: "How long a blob stays that no manifest needs.")
  var grace = "1h"

  @Option(help: "How long an upload stays that nobody goes on with.")
  var uploadAge = "24h"

  @Flag(help: "Only say what would go.")
  var dryRun = false

  func run() async throws {
    try await Main.reporting {
      let store = try RegistryStore(root: directory.root)
      let report = try store.collect(grace: try Quantity.seconds(grace), uploadAge: try Quantity.seconds(uploadAge), dryRun: dryRun)
      print(
        "\(dryRun ? "would remove" : "removed") \(report.blobs) blobs (\(report.bytes) bytes), \(report.uploads) uploads, \(report.unlinked) links")
    }
  }
}

/// `hull-registry retention`
struct Retain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retention", abstract: "Say what the retention rules of --config would remove and why, or do it.")

  @OptionGroup var directory: RootOptions

  @Flag(help: "Remove it, while no registry serves the directory.")
  var apply = false

  func run() async throws {
    try await Main.reporting {
      guard let path = directory.config else { throw HullError(.invalidArgument, "name the file of rules with --config") }
      let rules = try ConfigurationFile(path: path).retention
      let store = try RegistryStore(root: directory.root)
      for name in store.catalog.all {
        guard let rule = rules.first(where: { $0.repositories.contains { $0.matches(name) } })?.rule else { continue }
        for decision in try store.retain(rule, in: name, dryRun: !apply) {
          print("\(name)\(decision.tag.map { ":\($0)" } ?? "")@\(decision.digest): \(decision.reason)")
        }
      }
    }
  }
}

/// `hull-registry password`
struct Password: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Make a line for the file of users; the password is read from standard input.")

  @Argument(help: "The user's name.")
  var name: String

  func run() async throws {
    try await Main.reporting {
      guard let password = readLine(strippingNewline: true) else { throw HullError(.invalidArgument, "no password on standard input") }
      print(try PasswordLine.make(name: name, password: password))
    }
  }
}
