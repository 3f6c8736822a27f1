// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Builder
import Errors
import ImageStore
import Logging

/// The command line.
struct DaemonOptions: ParsableArguments {
  @Option(help: "Directory that keeps images, containers and the database.")
  var root = "/var/lib/hull"

  @Option(help: "Directory of sockets and live state; may vanish with a reboot.")
  var state = "/run/hull"

  @Option(name: [.customShort("H"), .long], parsing: .singleValue, help: "Socket to serve, unix://PATH. May be repeated.")
  var host: [String] = []

  @Option(name: [.customShort("G"), .long], help: "Group that may use the sockets (default: docker, when there is such a group).")
  var group: String?

  @Option(help: "The hull-shim program (default: beside hulld).")
  var shim: String?

  @Option(parsing: .singleValue, help: "An OCI runtime beside the built-in one, NAME=PATH. May be repeated.")
  var addRuntime: [String] = []

  @Option(help: "The runtime of containers that name none.")
  var defaultRuntime = "hull"

  @Option(help: "Control group under which the workloads' groups are made.")
  var cgroupParent = "/hull"

  @Option(
    help:
      "What images and build cache may take of the disk, SIZE (20g) or PERCENT (80%) of the file system; build cache goes before images, what was unused for the longest time first (default: 0, no limit)."
  )
  var diskBudget = "0"

  @OptionGroup(title: "Build cache")
  var buildCache: BuildCacheOptions

  @Option(
    parsing: .singleValue,
    help:
      "What builds may do that ask for it with --allow: network.host, security.insecure. May be repeated; 'none': nothing (default: network.host)."
  )
  var buildEntitlement: [String] = []

  @OptionGroup(title: "Networks")
  var networks: NetworkOptions

  @OptionGroup(title: "Registries")
  var registries: RegistryOptions

  @Option(name: [.customShort("p"), .long], help: "File that gets the process ID (default: STATE/hulld.pid).")
  var pidfile: String?

  @Option(name: [.customShort("l"), .long], help: "debug, info, warn, error or fatal.")
  var logLevel = "info"

  @Flag(name: [.customShort("D"), .long], help: "The same as --log-level debug.")
  var debug = false

  func validate() throws {
    do {
      _ = try level()
      _ = try runtimes()
      _ = try sockets()
      _ = try networks.configuration()
      _ = try registries.limits()
      _ = try budget()
      _ = try buildCache.policy()
      _ = try buildEntitlements()
      for (name, path) in [("--root", root), ("--state", state)] where !path.hasPrefix("/") {
        throw HullError(.invalidArgument, "\(name) must be an absolute path, not '\(path)'")
      }
    } catch let error as HullError {
      throw ValidationError(error.description)
    }
  }

  func level() throws(HullError) -> Logger.Level {
    if debug { return .debug }
    switch logLevel {
    case "trace": return .trace
    case "debug": return .debug
    case "info": return .info
    case "warn", "warning": return .warning
    case "error": return .error
    case "fatal", "critical": return .critical
    default: throw HullError(.invalidArgument, "unknown --log-level '\(logLevel)': use debug, info, warn, error or fatal")
    }
  }

  func runtimes() throws(HullError) -> [String: String] {
    var runtimes: [String: String] = [:]
    for runtime in addRuntime {
      let parts = runtime.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, parts[1].hasPrefix("/"), parts[0] != "hull" else {
        throw HullError(.invalidArgument, "invalid --add-runtime '\(runtime)': use NAME=/PATH, with another name than 'hull'")
      }
      runtimes[parts[0]] = parts[1]
    }
    guard defaultRuntime == "hull" || runtimes[defaultRuntime] != nil else {
      throw HullError(.invalidArgument, "unknown --default-runtime '\(defaultRuntime)': name it with --add-runtime \(defaultRuntime)=PATH")
    }
    return runtimes
  }

  func budget() throws(HullError) -> DiskBudget {
    do { return try DiskBudget(parsing: diskBudget) } catch { throw HullError(error.code, "--disk-budget: \(error.message)") }
  }

  func buildEntitlements() throws(HullError) -> Set<Entitlement> {
    if buildEntitlement.isEmpty { return Entitlement.usual }
    do { return try Entitlement.set(buildEntitlement.filter { $0 != "none" }) } catch {
      throw HullError(error.code, "--build-entitlement: \(error.message)")
    }
  }

  /// The paths of the unix sockets to serve.
  func sockets() throws(HullError) -> [String] {
    var paths: [String] = []
    for url in host.isEmpty ? ["unix://\(state)/hull.sock"] : host {
      if url.hasPrefix("tcp://") {
        throw HullError(
          .unsupported, "cannot serve \(url): TCP is served only with TLS, which is not available yet; use a unix socket, from afar through ssh")
      }
      guard url.hasPrefix("unix:///"), !url.hasSuffix("/") else {
        throw HullError(.invalidArgument, "invalid --host '\(url)': use unix:///PATH")
      }
      let path = String(url.dropFirst("unix://".count))
      if !paths.contains(path) { paths.append(path) }
    }
    return paths
  }
}
