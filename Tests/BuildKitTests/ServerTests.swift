// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import DockerAPI
import Dockerfile
import Errors
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore
import NIOPosix
import OCISpec
import SwiftProtobuf
import Synchronization
import Testing

@testable import BuildKitAPI

/// Does what a test says instead of building.
private struct ScriptedBackend: BuildBackend {
  var version: String { "1" }
  /// Of each its own, so that tests do not see each other's builds.
  let scratchDirectory = "/var/tmp/hull-builds-\(UInt64.random(in: 0...UInt64.max))"
  let contexts = ContextStore()
  var hostGateway: String? { nil }
  var platforms: [Platform] { [.host] }
  var script: @Sendable (BuildRequest, any BuildSession) async throws -> BuildResult

  func open(_ request: BuildRequest, _ session: any BuildSession, _ progress: @escaping BuildProgress) async throws -> any OpenedBuild {
    let id = Digest(sha256: Array(repeating: 3, count: 32))
    progress(.planned([BuildVertex(id: id, name: "step")]))
    return ScriptedBuild(script: script, request: request, session: session)
  }
  func blobPath(_ digest: Digest) -> String? { nil }
  func repository(_ address: String, _ session: any BuildSession) async throws -> any FileTree { throw HullError(.notFound, address) }
  func download(_ step: DownloadStep, _ session: any BuildSession) async throws -> any FileTree {
    let writer = TreePackWriter(directory: "/var/tmp")
    writer.begin("served", TreeNode(kind: .regular, mode: 0o600))
    try Array("target a {}".utf8).withUnsafeBytes { bytes in try writer.write(bytes) }
    try writer.end()
    return try writer.finish()
  }
  func facts(of source: SourcePolicy.Source, platform: Platform, _ session: any BuildSession) async throws -> SourceFacts {
    .image(target: Digest(sha256: Array(repeating: 3, count: 32)), config: ImageConfig(platform: platform))
  }
  func cacheRecords(_ filters: [String]) async throws -> [BuildCacheRecord] { [] }
  func prune(_ limits: BuildCacheLimits) async throws -> [BuildCacheRecord] { [] }
}

private final class ScriptedBuild: OpenedBuild {
  let script: @Sendable (BuildRequest, any BuildSession) async throws -> BuildResult
  let request: BuildRequest
  let session: any BuildSession
  private let running = Mutex<Task<BuildResult, any Error>?>(nil)

  init(
    script: @escaping @Sendable (BuildRequest, any BuildSession) async throws -> BuildResult, request: BuildRequest, session: any BuildSession
  ) {
    (self.script, self.request, self.session) = (script, request, session)
  }

  func plan() async throws -> [PlannedImage] { request.platforms.map { PlannedImage(platform: $0, config: ImageConfig(platform: $0)) } }
  func make() async throws -> [MadeImage] { [] }

  func export(_ images: [MadeImage]?) async throws -> BuildResult {
    let task = Task { [script, request, session] in try await script(request, session) }
    running.withLock { $0 = task }
    return try await task.value
  }

  func cancel() { running.withLock { $0 }?.cancel() }
  func close() async { _ = await running.withLock { $0 }?.result }
}

/// A client's end of a connection to a server.
private struct Peer {
  private let channel: any Channel
  let client: GRPCClient<HTTP2ClientTransport.WrappedChannel>

  static func connect(to server: BuildKitServer) async throws -> Peer {
    let pair = try SocketPair()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let theirs = try await ClientBootstrap(group: loop).channelOption(.autoRead, value: false).withConnectedSocket(pair.near).get()
    try await loop.flatSubmit { server.serve(theirs) }.get()
    let ours = try await ClientBootstrap(group: loop).channelOption(.autoRead, value: false).withConnectedSocket(pair.far).get()
    let transport = try await HTTP2ClientTransport.WrappedChannel.wrapping { try await $0(ours).get() }
    try await ours.setOption(.autoRead, value: true).get()
    return Peer(channel: ours, client: GRPCClient(transport: transport))
  }

  func call<Answer: SwiftProtobuf.Message>(_ service: String, _ method: String, _ request: some SwiftProtobuf.Message, build: String? = nil)
    async throws -> Answer
  {
    var metadata = Metadata()
    if let build { metadata.addString(build, forKey: "buildkit-controlapi-buildid") }
    return try await unary(client, service, method, request, metadata)
  }

  func stream<Request: SwiftProtobuf.Message, Answer: SwiftProtobuf.Message>(_ service: String, _ method: String, _ request: Request)
    async throws -> [Answer]
  {
    try await client.serverStreaming(
      request: ClientRequest(message: request), descriptor: MethodDescriptor(fullyQualifiedService: service, method: method),
      serializer: ProtobufSerializer<Request>(), deserializer: ProtobufDeserializer<Answer>(), options: .defaults
    ) { answers in
      var all: [Answer] = []
      for try await answer in answers.messages { all.append(answer) }
      return all
    }
  }

  func drop() { channel.close(promise: nil) }
}

private func unary<Request: SwiftProtobuf.Message, Answer: SwiftProtobuf.Message>(
  _ client: GRPCClient<HTTP2ClientTransport.WrappedChannel>, _ service: String, _ method: String, _ request: Request, _ metadata: Metadata
) async throws -> Answer {
  try await client.unary(
    request: ClientRequest(message: request, metadata: metadata),
    descriptor: MethodDescriptor(fullyQualifiedService: service, method: method), serializer: ProtobufSerializer<Request>(),
    deserializer: ProtobufDeserializer<Answer>(), options: .defaults
  ) { try $0.message }
}

@Suite(.timeLimit(.minutes(1))) struct ServerTests {
  private func withPeer<Result: Sendable>(
    _ script: @escaping @Sendable (BuildRequest, any BuildSession) async throws -> BuildResult, _ body: (Peer) async throws -> Result
  ) async throws -> Result {
    let backend = ScriptedBackend(script: script)
    defer { try? FileManager.default.removeItem(atPath: backend.scratchDirectory) }
    let server = BuildKitServer(backend, log: Logger(label: "test"))
    let peer = try await Peer.connect(to: server)
    let running = Task { try await peer.client.runConnections() }
    let result = try await body(peer)
    peer.drop()
    _ = await running.result
    return result
  }

  private func solve(_ ref: String, frontend: String = "") -> ControlSolveRequest {
    var request = ControlSolveRequest()
    (request.ref, request.frontend, request.session) = (ref, frontend, "none")
    return request
  }

  @Test func aWorkerIsThere() async throws {
    let answer: ControlListWorkersResponse = try await withPeer({ _, _ in BuildResult() }) {
      try await $0.call(ServiceName.control, "ListWorkers", ControlListWorkersRequest())
    }
    #expect(answer.record.map(\.id) == ["hull"])
    #expect(answer.record.first?.platforms.first?.os == "linux")
  }

  @Test func aBuildOverTheGatewayIsBuiltWhenItIsReturned() async throws {
    let built = Mutex<[String]>([])
    let script: @Sendable (BuildRequest, any BuildSession) async throws -> BuildResult = { request, _ in
      built.withLock { $0.append(request.dockerfile) }
      return BuildResult()
    }
    try await withPeer(script) { peer in
      async let outcome: ControlSolveResponse = peer.call(ServiceName.control, "Solve", solve("b1"))
      // Answered when the build is there, whichever call came first.
      let _: GatewayPongResponse = try await peer.call(ServiceName.gateway, "Ping", GatewayPingRequest(), build: "b1")
      var request = GatewaySolveRequest()
      (request.frontend, request.frontendOpt) = ("dockerfile.v0", ["filename": "Special"])
      let answer: GatewaySolveResponse = try await peer.call(ServiceName.gateway, "Solve", request, build: "b1")
      #expect(built.withLock { $0 }.isEmpty)
      #expect(ResultReference.name(in: answer.result.ref.def) == answer.result.ref.id)
      var end = GatewayReturnRequest()
      end.result = answer.result
      let _: GatewayReturnResponse = try await peer.call(ServiceName.gateway, "Return", end, build: "b1")
      _ = try await outcome
      #expect(built.withLock { $0 } == ["Special"])
    }
  }

  @Test func resultsOfSeveralPlatformsAreToldApart() async throws {
    try await withPeer({ _, _ in BuildResult() }) { peer in
      async let outcome: ControlSolveResponse = peer.call(ServiceName.control, "Solve", solve("p1"))
      var request = GatewaySolveRequest()
      (request.frontend, request.frontendOpt) = ("dockerfile.v0", ["platform": "linux/amd64,linux/arm64"])
      let answer: GatewaySolveResponse = try await peer.call(ServiceName.gateway, "Solve", request, build: "p1")
      #expect(Set(answer.result.refs.refs.keys) == ["linux/amd64", "linux/arm64"])
      #expect(Set(answer.result.metadata.keys) == ["containerimage.config/linux/amd64", "containerimage.config/linux/arm64", "refs.platforms"])
      let config = try #require(answer.result.metadata["containerimage.config/linux/arm64"])
      #expect(try JSONDecoder().decode(ImageConfig.self, from: config).architecture == "arm64")
      let returned = ReturnedResult(answer.result)
      #expect(returned.names.map(\.platform) == ["linux/amd64", "linux/arm64"] && Set(returned.names.map(\.build)) == ["p1"])
      request.frontendOpt = ["platform": "linux/arm64"]
      let single: GatewaySolveResponse = try await peer.call(ServiceName.gateway, "Solve", request, build: "p1")
      #expect(Set(single.result.metadata.keys) == ["containerimage.config", "refs.platforms"] && !single.result.ref.id.isEmpty)
      let _: GatewayReturnResponse = try await peer.call(ServiceName.gateway, "Return", GatewayReturnRequest(), build: "p1")
      _ = try await outcome
    }
  }

  @Test func aGraphIsBuiltWithoutAFrontEnd() async throws {
    let graphs = Mutex<[BuildInput?]>([])
    let script: @Sendable (BuildRequest, any BuildSession) async throws -> BuildResult = { request, _ in
      graphs.withLock { $0.append(request.graph) }
      return BuildResult()
    }
    try await withPeer(script) { peer in
      var source = LLBOp()
      source.source.identifier = "docker-image://docker.io/library/busybox:latest"
      var request = solve("g1")
      request.definition.def = [try source.serializedBytes()]
      let _: ControlSolveResponse = try await peer.call(ServiceName.control, "Solve", request)
    }
    let root = graphs.withLock { $0.first }??.root
    #expect(root?.node.name == "docker-image://docker.io/library/busybox:latest")
  }

  @Test func anErrorOfTheClientComesBackUnchanged() async throws {
    try await withPeer({ _, _ in BuildResult() }) { peer in
      async let outcome: ControlSolveResponse = peer.call(ServiceName.control, "Solve", solve("b2"))
      var end = GatewayReturnRequest()
      (end.error.code, end.error.message) = (9, "no way")
      let _: GatewayReturnResponse = try await peer.call(ServiceName.gateway, "Return", end, build: "b2")
      do {
        _ = try await outcome
        #expect(Bool(false), "it should have failed")
      } catch let error as RPCError {
        #expect(error.code == .failedPrecondition && error.message == "no way")
      }
    }
  }

  @Test func aDroppedConnectionCancelsItsBuild() async throws {
    let (begun, beginning) = AsyncStream<Void>.makeStream()
    let (ended, ending) = AsyncStream<Bool>.makeStream()
    let script: @Sendable (BuildRequest, any BuildSession) async throws -> BuildResult = { _, _ in
      beginning.finish()
      do { try await Task.sleep(for: .seconds(600)) } catch { ending.yield(Task.isCancelled) }
      ending.finish()
      throw CancellationError()
    }
    try await withPeer(script) { peer in
      let outcome = Task { try await peer.call(ServiceName.control, "Solve", solve("b3", frontend: "dockerfile.v0")) as ControlSolveResponse }
      for await _ in begun {}
      peer.drop()
      var cancelled = false
      for await end in ended { cancelled = end }
      #expect(cancelled)
      _ = await outcome.result
    }
  }

  @Test func anEndedBuildIsInTheHistoryWithItsLog() async throws {
    let script: @Sendable (BuildRequest, any BuildSession) async throws -> BuildResult = { request, _ in
      var result = BuildResult()
      if request.recordsProvenance { result.provenance = { [BuildResult.Provenance(platform: .host, predicateType: "p", json: Array("kept".utf8))] } }
      return result
    }
    try await withPeer(script) { peer in
      let _: ControlSolveResponse = try await peer.call(ServiceName.control, "Solve", solve("h1", frontend: "dockerfile.v0"))
      var request = ControlBuildHistoryRequest()
      (request.ref, request.earlyExit) = ("h1", true)
      let events: [ControlBuildHistoryEvent] = try await peer.stream(ServiceName.control, "ListenBuildHistory", request)
      let record = try #require(events.first?.record)
      #expect(events.count == 1 && events[0].type == .complete && record.numTotalSteps == 1)
      var status = ControlStatusRequest()
      status.ref = "h1"
      // As often as it is asked for.
      for _ in 0..<2 {
        let log: [ControlStatusResponse] = try await peer.stream(ServiceName.control, "Status", status)
        #expect(log.flatMap(\.vertexes).map(\.name) == ["step"])
      }
      var info = ContentInfoRequest()
      info.digest = try #require(record.result.attestations.first).digest
      let size: ContentInfoResponse = try await peer.call(ServiceName.content, "Info", info)
      var read = ContentReadContentRequest()
      (read.digest, read.offset) = (info.digest, 1)
      let pieces: [ContentReadContentResponse] = try await peer.stream(ServiceName.content, "Read", read)
      #expect(size.info.size == 4 && pieces.map { String(decoding: $0.data, as: UTF8.self) } == ["ept"])
      var update = ControlUpdateBuildHistoryRequest()
      (update.ref, update.delete) = ("h1", true)
      let _: ControlUpdateBuildHistoryResponse = try await peer.call(ServiceName.control, "UpdateBuildHistory", update)
      let left: [ControlBuildHistoryEvent] = try await peer.stream(ServiceName.control, "ListenBuildHistory", request)
      #expect(left.isEmpty)
    }
  }

  @Test func aDefinitionFromElsewhereIsRead() async throws {
    try await withPeer({ _, _ in BuildResult() }) { peer in
      async let outcome: ControlSolveResponse = peer.call(ServiceName.control, "Solve", solve("d1"))
      var source = LLBOp()
      (source.source.identifier, source.source.attrs) = ("https://example.org/x/docker-bake.hcl", ["http.filename": "context"])
      var end = LLBOp()
      end.inputs = [LLBInput()]
      var request = GatewaySolveRequest()
      request.definition.def = [try source.serializedBytes(), try end.serializedBytes()]
      let answer: GatewaySolveResponse = try await peer.call(ServiceName.gateway, "Solve", request, build: "d1")
      var stat = GatewayStatFileRequest()
      (stat.ref, stat.path) = (answer.result.ref.id, "context")
      let found: GatewayStatFileResponse = try await peer.call(ServiceName.gateway, "StatFile", stat, build: "d1")
      #expect(found.stat.size == 11)
      var read = GatewayReadFileRequest()
      (read.ref, read.filePath, read.range.offset, read.range.length) = (answer.result.ref.id, "/context", 7, 100)
      let part: GatewayReadFileResponse = try await peer.call(ServiceName.gateway, "ReadFile", read, build: "d1")
      #expect(String(decoding: part.data, as: UTF8.self) == "a {}")
      stat.path = "missing"
      await #expect(throws: RPCError.self) {
        let _: GatewayStatFileResponse = try await peer.call(ServiceName.gateway, "StatFile", stat, build: "d1")
      }
      let _: GatewayReturnResponse = try await peer.call(ServiceName.gateway, "Return", GatewayReturnRequest(), build: "d1")
      _ = try await outcome
    }
  }

  @Test func whatIsKnownOfASourceIsTold() async throws {
    try await withPeer({ _, _ in BuildResult() }) { peer in
      async let outcome: ControlSolveResponse = peer.call(ServiceName.control, "Solve", solve("f1"))
      var request = GatewayResolveSourceMetaRequest()
      request.source.identifier = "docker-image://docker.io/library/a:latest"
      request.platform = LLBPlatform(Platform(os: "linux", architecture: "riscv64"))
      let answer: GatewayResolveSourceMetaResponse = try await peer.call(ServiceName.gateway, "ResolveSourceMeta", request, build: "f1")
      #expect(answer.source.identifier == request.source.identifier && answer.image.digest.hasPrefix("sha256:"))
      #expect(String(decoding: answer.image.config, as: UTF8.self).contains("riscv64"))
      var older = GatewayResolveImageConfigRequest()
      older.ref = "docker.io/library/a:latest"
      let config: GatewayResolveImageConfigResponse = try await peer.call(ServiceName.gateway, "ResolveImageConfig", older, build: "f1")
      #expect(config.digest == answer.image.digest && config.ref == older.ref)
      request.image.attestationChain = true
      let unanswerable = request
      await #expect(throws: RPCError.self) {
        let _: GatewayResolveSourceMetaResponse = try await peer.call(ServiceName.gateway, "ResolveSourceMeta", unanswerable, build: "f1")
      }
      let _: GatewayReturnResponse = try await peer.call(ServiceName.gateway, "Return", GatewayReturnRequest(), build: "f1")
      _ = try await outcome
    }
  }

  @Test func anEmptyGraphIsBuiltAtOnce() async throws {
    var request = solve("empty")
    request.definition = LLBDefinition()
    let asked = request
    let answer: ControlSolveResponse = try await withPeer({ _, _ in BuildResult() }) { try await $0.call(ServiceName.control, "Solve", asked) }
    #expect(answer.exporterResponse.isEmpty)
  }

  @Test func buildsThatComeAnotherWayAreInTheHistory() async throws {
    let backend = ScriptedBackend { _, _ in BuildResult() }
    defer { try? FileManager.default.removeItem(atPath: backend.scratchDirectory) }
    let server = BuildKitServer(backend, log: Logger(label: "test"))
    var request = BuildRequest(id: "other")
    (request.dockerfile, request.target, request.arguments) = ("D", "t", ["A": "1"])
    let session = BuildKitSession(main: "none", Rendezvous(patience: .zero), FrontendOptions([:]), ContextStore(), keptIn: "/var/tmp")
    _ = try await server.recording(request, directory: "app") { _ in
    } _: {
      #expect($0.recordsProvenance)
      let build = try await backend.open($0, session, $1)
      let result = try await build.export(nil)
      await build.close()
      return result
    }
    request.id = "failed"
    await #expect(throws: HullError.self) {
      _ = try await server.recording(request) { _ in
      } _: { _, _ in
        throw HullError(.invalidArgument, "no way")
      }
    }
    request.checkOnly = true
    _ = try await server.recording(request) { _ in
    } _: { _, _ in
      BuildResult()
    }
    let records = try server.history.events(ControlBuildHistoryRequest()).map(\.record)
    #expect(Set(records.map(\.ref)) == ["other", "failed"])
    let made = try #require(records.first { $0.ref == "other" })
    #expect(made.frontendAttrs["filename"] == "D" && made.frontendAttrs["target"] == "t" && made.frontendAttrs["build-arg:A"] == "1")
    #expect(made.frontendAttrs["vcs:localdir:context"] == "app" && made.numTotalSteps == 1 && made.exporters.map(\.type) == ["image"])
    #expect(records.first { $0.ref == "failed" }?.error.message == "no way")
  }

  @Test func anErrorNamesTheProcessItComesFrom() throws {
    let dockerfile = try DockerfileParser.parse(Array("FROM a\nRUN b".utf8))
    let error = HullError(.invalidArgument, "no").located(at: try #require(dockerfile.stages.first?.location), in: dockerfile)
    let status = try #require(CallFailure.status(of: CallFailure.of(error)))
    #expect(status.details.map(\.typeURL) == [ProcessDetail.type, SourceDetail.type])
    #expect(String(decoding: status.details[0].value, as: UTF8.self).contains("\"pid\":\(getpid())"))
  }

  @Test func aMissingSessionIsAnErrorThatSaysSo() async throws {
    let sessions = Rendezvous<ClientSession>(patience: .milliseconds(1))
    let session = BuildKitSession(main: "gone", sessions, FrontendOptions([:]), ContextStore(), keptIn: "/var/tmp")
    await #expect(throws: HullError.self) { _ = try await session.context("context", ContextSelection()) }
  }
}
