// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CLinux
import Dispatch
import Errors
import Glibc
import Logging
import RegistryServer
import RegistryStore

/// `hull-registry serve`
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Serve a registry until a signal ends it.")

  @OptionGroup var directory: RootOptions

  @Option(help: "Where to listen, HOST:PORT. Without --insecure only loopback is allowed unless there are TLS and users.")
  var listen = "127.0.0.1:5000"

  @Flag(help: "Allow everybody who reaches this host to use a registry without TLS or without users.")
  var insecure = false

  @OptionGroup(title: "TLS and users") var users: UserOptions
  @OptionGroup(title: "Care") var care: CareOptions

  @Option(
    parsing: .singleValue,
    help: "Another registry whose images are served and kept here, PREFIX=URL (hub=https://registry-1.docker.io) or URL. May be repeated.")
  var proxy: [String] = []

  @Option(help: "How long a tag of --proxy is believed before it is asked for again.")
  var tagLifetime = "10m"

  @Option(help: "Serve the images of a running hulld from its own files, without a copy: its socket, or PREFIX=SOCKET for names of their own.")
  var engine: String?

  @Flag(help: "Refuse pushes and deletions.")
  var readOnly = false

  @Flag(help: "A tag that was set stays as it is.")
  var immutableTags = false

  @Flag(help: "Accept an index whose manifests are not all here.")
  var sparseIndexes = false

  @Option(help: "File that gets a line for every request; '-' is standard output, 'none' nothing.")
  var accessLog = "-"

  @Option(name: [.customShort("l"), .long], help: "debug, info, warning or error.")
  var logLevel = "info"

  func run() async throws {
    try await Main.reporting {
      hull_limit_heaps(2)
      hull_return_large_blocks()
      FileLimit.raise()
      LoggingSystem.bootstrap(StreamLogHandler.standardError)
      var logger = Logger(label: "hull-registry")
      guard let level = Logger.Level(rawValue: logLevel == "warn" ? "warning" : logLevel) else {
        throw HullError(.invalidArgument, "unknown --log-level '\(logLevel)': use debug, info, warning or error")
      }
      logger.logLevel = level
      let log = logger
      let server = try await RegistryServer(try configuration(), logger: log)
      let hangup = Hangup.handle { server.reload() }
      defer { hangup.cancel() }
      let (host, scheme) = (try address().host, users.tlsCertificate == nil ? "http" : "https")
      try await server.run { port in log.info("serving \(scheme)://\(host):\(port)") }
    }
  }

  private func configuration() throws(HullError) -> RegistryConfiguration {
    var configuration = RegistryConfiguration(root: directory.root)
    (configuration.host, configuration.port) = try address()
    if let path = directory.config {
      let file = try ConfigurationFile(path: path)
      configuration.rules = file.rules
      configuration.storeRules.quota = file.quota
      configuration.storeRules.immutable = file.immutable
      configuration.care.retention = file.retention
    }
    if immutableTags { configuration.storeRules.immutable = { _, _ in true } }
    configuration.storeRules.sparseIndexes = sparseIndexes
    try users.apply(to: &configuration)
    try care.apply(to: &configuration.care)
    for text in proxy { configuration.upstreams.append(try UpstreamSettings(parsing: text)) }
    configuration.engine = try engine.map { (text) throws(HullError) in try EngineOption.read(text) }
    configuration.tagLifetime = try Quantity.seconds(tagLifetime)
    configuration.readOnly = readOnly
    configuration.insecure = insecure
    configuration.accessLog = try AccessLogFile.open(accessLog)
    return configuration
  }

  private func address() throws(HullError) -> (host: String, port: Int) {
    guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]), (0...65_535).contains(port) else {
      throw HullError(.invalidArgument, "invalid --listen '\(listen)': use HOST:PORT")
    }
    let host = listen[..<colon].filter { $0 != "[" && $0 != "]" }
    return (host.isEmpty ? "0.0.0.0" : host, port)
  }
}

/// `unix:///run/hull/hull.sock`, `/run/hull/hull.sock` or `local=/run/hull/hull.sock`
enum EngineOption {
  static func read(_ text: String) throws(HullError) -> (socket: String, prefix: String) {
    let halves = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard halves.count == 2, !halves[0].contains("/") else { return (text, "") }
    return (halves[1], try RepositoryName(halves[0]).description)
  }
}

/// As many descriptors as the system allows: every upload and every download has one.
enum FileLimit {
  static func raise() {
    let resource = UInt32(RLIMIT_NOFILE.rawValue)
    var (soft, hard): (UInt64, UInt64) = (0, 0)
    if hull_getrlimit(0, resource, &soft, &hard) == 0 { hull_setrlimit(0, resource, hard, hard) }
  }
}

enum AccessLogFile {
  static func open(_ path: String) throws(HullError) -> Int32? {
    switch path {
    case "none": return nil
    case "-": return STDOUT_FILENO
    default:
      let descriptor = hull_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
      guard descriptor >= 0 else { throw HullError(.invalidArgument, "cannot open --access-log \(path): \(String(cString: strerror(errno)))") }
      return descriptor
    }
  }
}

/// SIGHUP, which asks to read files again.
enum Hangup {
  /// What is given back must be kept.
  static func handle(_ action: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
    signal(SIGHUP, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
    source.setEventHandler { action() }
    source.resume()
    return source
  }
}
