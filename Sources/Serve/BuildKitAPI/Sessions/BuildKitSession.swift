// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Errors
import GRPCCore
import OCISpec
import Synchronization
import Threads

/// The client's side of one build, as BuildKit's clients offer it over their sessions. Nothing is asked for before it is needed.
final class BuildKitSession: BuildSession {
  private let main: String
  private let sessions: Rendezvous<ClientSession>
  private let options: FrontendOptions
  private let contexts: ContextStore
  private let directory: String
  /// Of the session that wants to be asked about sources; empty: none does.
  private let policy: String
  private let asked = Mutex<[String: Once<Void>]>([:])
  /// A context that the client uploads comes once.
  private let uploaded = Once<TreePack>()

  /// - Parameters:
  ///   - main: the ID of the client's session.
  ///   - options: the front end's; they say which contexts come over other sessions, and which are uploaded.
  ///   - contexts: what clients need not send again.
  ///   - directory: on whose file system received files lie.
  ///   - policy: the ID of the session that wants to be asked about sources; empty: none does.
  init(
    main: String, policy: String = "", _ sessions: Rendezvous<ClientSession>, _ options: FrontendOptions, _ contexts: ContextStore,
    keptIn directory: String
  ) {
    (self.main, self.sessions, self.options, self.contexts, self.directory) = (main, sessions, options, contexts, directory)
    self.policy = policy
  }

  private func client(_ id: String? = nil) async throws -> ClientSession {
    guard let session = await sessions.value(id ?? main) else {
      try Task.checkCancellation()
      throw HullError(.unavailable, "no active session for \(id ?? main): the client that builds is gone")
    }
    return session
  }

  func context(_ name: String, _ selection: ContextSelection) async throws -> any FileTree { try await context(name, selection) { _ in } }

  func context(_ name: String, _ selection: ContextSelection, progress: @escaping @Sendable (Int64) -> Void) async throws -> any FileTree {
    try await ask(about: name)
    if name == "context", let address = options["context"], UploadedContext.names(address) {
      return try await uploaded.value { [self] in
        try await UploadedContext(session: client(), keptIn: directory).receive(address)
      }
    }
    let session = try await client(options["local-sessionid:\(name)"])
    return try await SyncedContext(session: session, contexts, keptIn: directory).receive(name, selection, progress: progress)
  }

  func allowed(_ source: SourcePolicy.Source, platform: Platform, _ inquire: @escaping SourceInquiry) async throws -> SourcePolicy.Source {
    guard !policy.isEmpty else { return source }
    return try await PolicyJudge(client(policy)).judge(source, platform: platform, inquire)
  }

  /// The client's own directories: each once, nothing can take their place.
  private func ask(about context: String) async throws {
    let name = options["context"].flatMap { context == "context" && UploadedContext.names($0) ? $0 : nil } ?? "local://\(context)"
    let once = asked.withLock { asked in
      let once = asked[name] ?? Once<Void>()
      asked[name] = once
      return once
    }
    try await once.value { [self] in
      let source = SourcePolicy.Source(name)
      let allowed = try await allowed(source, platform: .host) { _ in
        throw HullError(.unsupported, "policy: there is nothing to know of \(name) but its name")
      }
      guard allowed == source else { throw HullError(.unsupported, "policy: nothing can take the place of the client's \(name)") }
    }
  }

  func secret(_ id: String) async throws -> [UInt8]? {
    let session = try await client()
    guard session.offers(ServiceName.secrets, "GetSecret") else { return nil }
    var request = SessionGetSecretRequest()
    request.id = id
    return try await absentWhenNotFound { [request] in
      Array(try await session.call(ServiceName.secrets, "GetSecret", request, as: SessionGetSecretResponse.self).data)
    }
  }

  func sshAgent(_ id: String) async throws -> Int32? {
    let session = try await client()
    guard session.offers(ServiceName.ssh, "CheckAgent") else { return nil }
    var request = SessionCheckAgentRequest()
    request.id = id
    let checked: Bool? = try await absentWhenNotFound { [request] in
      _ = try await session.call(ServiceName.ssh, "CheckAgent", request, as: SessionCheckAgentResponse.self)
      return true
    }
    return checked == nil ? nil : try await AgentConnection.open(id, over: session)
  }

  func credentials(for registry: String) async throws -> RegistryLogin? {
    let session = try await client()
    guard session.offers(ServiceName.auth, "Credentials") else { return nil }
    var request = SessionCredentialsRequest()
    // Clients know Docker Hub by the name of its registry.
    request.host = ["docker.io", "index.docker.io"].contains(registry) ? "registry-1.docker.io" : registry
    let answer = try await session.call(ServiceName.auth, "Credentials", request, as: SessionCredentialsResponse.self)
    return answer.secret.isEmpty ? nil : RegistryLogin(user: answer.username, secret: answer.secret)
  }

  func receiveArchive(_ id: String, attributes: [String: String], _ write: @escaping @Sendable (any BuildSink) throws -> Void) async throws {
    try await OutputTransfer(session: client(), id: id).send(attributes, write)
  }

  func receiveFiles(_ id: String, _ tree: any FileTree) async throws { try await OutputTransfer(session: client(), id: id).send(tree) }

  func readContent(_ digest: Digest, of directory: String, _ take: @escaping @Sendable ([UInt8]) throws(HullError) -> Void) async throws {
    try await ClientContent(session: client(), store: "local:\(directory)").read(digest) { piece in try await Blocking.run { try take(piece) } }
  }

  func writeContent(_ blob: Descriptor, to directory: String, from source: @escaping @Sendable () throws -> any ByteSource) async throws {
    try await ClientContent(session: client(), store: "local:\(directory)").send(blob, from: source)
  }

  func layout(_ store: String, root: Digest?, platform: Platform) async throws -> any FileTree {
    guard let root else { throw HullError(.invalidArgument, "oci layout \(store): the address has no digest: add @sha256:…") }
    return try await ClientContent(session: client(), store: "oci:\(store)").image(root, platform, keptIn: directory)
  }

  func receiveLayout(_ id: String, _ layout: ImageLayout) async throws {
    try await ClientContent(session: client(), store: "export").send(layout)
  }

  private func absentWhenNotFound<Result>(_ body: () async throws -> Result) async throws -> Result? {
    do { return try await body() } catch let error as RPCError where error.code == .notFound || error.message.hasPrefix("unset ssh forward key") {
      return nil
    }
  }
}
