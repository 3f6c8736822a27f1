// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import OCISpec
import RegistryStore

/// Everything that a registry's owner decides.
package struct RegistryConfiguration: Sendable {
  package var root: String
  package var host = "127.0.0.1"
  /// 0: any free one.
  package var port = 5000
  package var certificates: CertificateFiles?
  /// A file of users in htpasswd's format.
  package var passwords: String?
  /// Nil: no tokens, passwords with every request.
  package var tokens: TokenSettings?
  /// Nil: everybody may do everything where there are no users, and whoever has logged in where there are.
  package var rules: AccessRules?
  package var storeRules = RegistryStore.Rules()
  package var care = CareSettings()
  package var readOnly = false
  /// Where the access log goes; nil: nowhere.
  package var accessLog: Int32?
  package var publicURL: String?
  /// Other registries whose contents are served and kept here.
  package var upstreams: [UpstreamSettings] = []
  /// The socket of an engine whose images are served too, and the prefix of their names.
  package var engine: (socket: String, prefix: String)?
  /// Seconds that an upstream's tag is believed.
  package var tagLifetime: Int64 = 600
  /// Whether a registry without TLS and users may be reached from other hosts.
  package var insecure = false

  package init(root: String) { self.root = root }
}

/// A registry that serves until it is stopped.
package final class RegistryServer: Sendable {
  private let configuration: RegistryConfiguration
  private let logger: Logger
  private let threads: NIOThreadPool
  private let store: RegistryStore
  private let access: AccessControl
  private let certificates: CertificateBox?
  private let log: AccessLog
  private let caretaker: Caretaker

  /// Opens the store; nobody is served yet. Throws when the registry would be reachable from farther than its owner said.
  package init(_ configuration: RegistryConfiguration, logger: Logger) async throws {
    try Self.checkReach(configuration)
    self.configuration = configuration
    self.logger = logger
    threads = NIOThreadPool(numberOfThreads: 8)
    threads.start()
    store = try RegistryStore(root: configuration.root, rules: configuration.storeRules)
    certificates = try configuration.certificates.map { (files) throws(HullError) in try CertificateBox(files) }
    log = AccessLog(descriptor: configuration.accessLog)
    let passwords = try configuration.passwords.map { (path) throws(HullError) in try Passwords(path: path) }
    var tokens: Tokens?
    if let settings = configuration.tokens { tokens = try await Tokens(root: configuration.root, settings: settings) }
    let knowsUsers = passwords != nil || tokens != nil
    access = AccessControl(
      rules: configuration.rules ?? (knowsUsers ? .members : .open), passwords: passwords, tokens: tokens,
      announcesTokens: configuration.tokens != nil, publicURL: configuration.publicURL, isTLS: configuration.certificates != nil, threads: threads)
    caretaker = Caretaker(store: store, settings: configuration.care, log: log, logger: logger)
  }

  /// Serves until the task is cancelled or SIGTERM or SIGINT comes; requests that have begun are finished.
  /// - Parameter onRunning: gets the port.
  package func run(onRunning: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
    let answers = HotAnswers(store)
    let services = FrontServices(answers: answers, access: access, log: log, threads: threads, sendsFiles: certificates == nil)
    let certificates = certificates
    let group = MultiThreadedEventLoopGroup(numberOfThreads: min(System.coreCount, 8))
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    let upstreams = try configuration.upstreams.map { (settings) throws(HullError) in try Upstream(settings, group: group, logger: logger) }
    let engine = configuration.engine.map { EngineClient($0.socket, group: group) }
    let application = Application(
      responder: router(answers, upstreams, engine).buildResponder(),
      server: HTTPServerBuilder { responder in FrontChannel(responder: responder, services: services, certificates: certificates) },
      configuration: ApplicationConfiguration(address: .hostname(configuration.host, port: configuration.port), backlog: 1024),
      onServerRunning: { channel in
        var footprint = Footprint()
        footprint.look()
        await onRunning(channel.localAddress?.port ?? 0)
      },
      eventLoopGroupProvider: .shared(group), logger: quiet)
    let care = Task { await caretaker.run() }
    defer { care.cancel() }
    do { try await application.runService() } catch is CancellationError {}
    for upstream in upstreams { await upstream.shutdown() }
    await engine?.shutdown()
    log.flush()
    try store.flushPulls()
    try await group.shutdownGracefully()
    try await threads.shutdownGracefully()
  }

  /// Reads the certificate and its key again.
  package func reload() {
    do {
      try certificates?.reload()
      logger.info("reloaded the certificate")
    } catch {
      logger.error("\(error)")
    }
  }

  private func router(_ answers: HotAnswers, _ upstreams: [Upstream], _ engine: EngineClient?) -> Router<RegistryContext> {
    let router = Router(context: RegistryContext.self)
    router.add(middleware: RegistryMiddleware(access: access, log: log))
    var others: [any ContentProvider] = upstreams.map { upstream in
      ProxyProvider(upstream, store: store, threads: threads, lifetime: configuration.tagLifetime, logger: logger)
    }
    if let engine, let settings = configuration.engine { others.append(EngineProvider(engine, prefix: settings.prefix, threads: threads)) }
    let api = RegistryAPI(
      store: store, threads: threads, access: access, answers: answers, providers: others + [StoreProvider(store: store, threads: threads)],
      namespaces: Dictionary(upstreams.map { ($0.domain, $0.prefix) }) { first, _ in first }, readOnly: configuration.readOnly)
    for method in [HTTPRequest.Method.get, .head, .put, .post, .patch, .delete] {
      for path in ["/v2", "/v2/**"] as [RouterPath] { router.on(path, method: method) { request, _ in try await api.respond(to: request) } }
    }
    router.get("/healthz") { _, _ in Response(json: ["status": "ok"]) }
    if let tokens = access.tokens, tokens.isOwn {
      let service = TokenService(access: access, tokens: tokens)
      router.get("/token") { request, _ in try await service.get(request) }
      router.post("/token") { request, _ in try await service.post(request) }
    }
    let hub = HubAPI(api: api, reader: HubReader(api))
    router.get("/hub/api/info") { request, _ in try await hub.info(request) }
    router.get("/hub/api/repositories") { request, _ in try await hub.list(request) }
    router.get("/hub/api/repositories/**") { request, _ in try await hub.repository(request) }
    router.get("/hub/login") { request, _ in try await hub.login(request) }
    router.get("/v1/search") { request, _ in try await hub.search(request) }
    // Docker's daemon asks this before it searches.
    router.get("/v1/_ping") { _, _ in Response(json: ["standalone": true]) }
    PageFiles.add(to: router)
    return router
  }

  /// Nothing is reachable from farther than its owner said.
  private static func checkReach(_ configuration: RegistryConfiguration) throws(HullError) {
    let isLocal = ["localhost", "::1"].contains(configuration.host) || configuration.host.hasPrefix("127.")
    guard !isLocal, !configuration.insecure else { return }
    let protected =
      configuration.certificates != nil
      && (configuration.passwords != nil || configuration.tokens != nil || configuration.certificates?.clientAuthority != nil)
    guard protected else {
      throw HullError(
        .invalidArgument,
        "refusing to serve \(configuration.host) without TLS and users: name --tls-certificate, --tls-key and --users, or say --insecure when everybody who reaches this host may read and write"
      )
    }
  }
}
