// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Engine
import Errors
import Glibc
import RegistryClient

/// What the command line says about registries.
struct RegistryOptions: ParsableArguments {
  static let defaultFile = "/etc/hull/registries.json"

  @Option(help: "JSON file with mirrors, certificates and proxies of registries (default: \(defaultFile), if it is there).")
  var registries: String?

  @Option(name: .customLong("registry-mirror"), parsing: .singleValue, help: "URL of a mirror of Docker's hub. May be repeated.")
  var mirrors: [String] = []

  @Option(
    name: .customLong("insecure-registry"), parsing: .singleValue,
    help: "Host, address or CIDR of registries that may speak plain HTTP or be unverified; loopback always may. May be repeated.")
  var insecure: [String] = []

  @Flag(help: "Never go outside: ask only mirrors, never the registries that they mirror.")
  var offline = false

  @Option(help: "Layers that are downloaded at a time.")
  var maxConcurrentDownloads = ClientLimits().downloads

  @Option(help: "Layers that are pushed at a time.")
  var maxConcurrentUploads = ClientLimits().uploads

  /// The file, and what the command line says beside it.
  func configuration() throws(HullError) -> RegistriesConfiguration {
    var configuration = RegistriesConfiguration()
    if let registries {
      configuration = try RegistriesConfiguration(file: registries)
    } else if access(RegistryOptions.defaultFile, F_OK) == 0 {
      configuration = try RegistriesConfiguration(file: RegistryOptions.defaultFile)
    }
    for mirror in mirrors { try configuration.addHubMirror(mirror) }
    configuration.insecure += insecure
    if offline { configuration.offline = true }
    return configuration
  }

  func limits() throws(HullError) -> ClientLimits {
    for (option, value) in [("--max-concurrent-downloads", maxConcurrentDownloads), ("--max-concurrent-uploads", maxConcurrentUploads)] {
      guard (1...100).contains(value) else { throw HullError(.invalidArgument, "invalid \(option) '\(value)': use 1 to 100") }
    }
    var limits = ClientLimits()
    limits.downloads = maxConcurrentDownloads
    limits.uploads = maxConcurrentUploads
    limits.downloadConnections = max(limits.downloadConnections, maxConcurrentDownloads)
    return limits
  }
}
