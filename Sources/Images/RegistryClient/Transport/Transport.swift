// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Errors
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Sends requests: chooses TLS and proxy by host, follows redirects without giving away what is for the first host only.
final class Transport: Sendable {
  let configuration: RegistriesConfiguration
  private let limits: ClientLimits
  private let userAgent: String
  private let group: any EventLoopGroup
  private let tls = TLSSettings()
  private let threads: FileThreads
  /// By proxy; made when first needed.
  private let clients = Mutex<[WebAddress?: HTTPClient]>([:])

  init(configuration: RegistriesConfiguration, limits: ClientLimits, userAgent: String, group: any EventLoopGroup, threads: FileThreads) {
    self.configuration = configuration
    self.limits = limits
    self.userAgent = userAgent
    self.group = group
    self.threads = threads
  }

  func shutdown() async {
    let all = clients.withLock { clients in
      defer { clients = [:] }
      return Array(clients.values)
    }
    for client in all { try? await client.shutdown() }
  }

  /// Sends a request and follows redirects.
  /// - Throws: `PlaceFailure` of kind unreachable, cut or misbehaved; `HullError` when files here cannot be used; `CancellationError`.
  func send(_ call: Call) async throws -> Answer {
    var call = call
    for _ in 0...Transport.redirects {
      let policy = try await policy(of: call)
      let answer = try await exchange(call, policy)
      guard let next = try call.redirected(by: answer) else { return answer }
      if next.address.scheme == .http, call.address.scheme == .https {
        let target = try await self.policy(of: next)
        guard target.insecure else {
          throw PlaceFailure(
            .misbehaved, "\(call.described): the redirect to \(next.address.origin) would leave TLS, which only an insecure registry may")
        }
      }
      await answer.discard()
      call = next
    }
    throw PlaceFailure(.misbehaved, "\(call.described): stopped after \(Transport.redirects) redirects")
  }

  /// What holds for the host that a request goes to.
  func policy(of call: Call) async throws -> HostPolicy {
    if let policy = call.policy { return policy }
    return await threads.run { [configuration] in configuration.policy(for: call.address) }
  }

  private static let redirects = 10

  private func exchange(_ call: Call, _ policy: HostPolicy) async throws -> Answer {
    var request = HTTPClientRequest(url: call.address.description)
    request.method = call.method
    request.headers = call.headers
    if !request.headers.contains(name: "User-Agent") {
      request.headers.add(name: "User-Agent", value: [call.product, userAgent].compactMap { $0 }.joined(separator: " "))
    }
    if let authorization = call.authorization { request.headers.replaceOrAdd(name: "Authorization", value: authorization) }
    switch call.body {
    case .none: break
    case .bytes(let bytes): request.body = .bytes(ByteBuffer(bytes: bytes))
    case .stream(let length, let make): request.body = .stream(make(), length: .known(length))
    }
    if call.address.scheme == .https {
      request.tlsConfiguration = try await threads.run { [tls] () throws(HullError) in try tls.settings(for: policy) }
    }
    do {
      return try await perform(request, call)
    } catch let failure as PlaceFailure where failure.kind == .cut && failure.isEOF && call.isRepeatable {
      // A connection that was kept may have been closed by the other side just before it was used again: that is no answer.
      return try await perform(request, call)
    }
  }

  private func perform(_ request: HTTPClientRequest, _ call: Call) async throws -> Answer {
    do {
      let deadline = call.patience.map { NIODeadline.now() + TimeAmount($0) } ?? .distantFuture
      let response = try await client(for: call.address).execute(request, deadline: deadline)
      return Answer(call: call, status: response.status, headers: response.headers, body: response.body)
    } catch {
      throw call.failure(error)
    }
  }

  private func client(for address: WebAddress) throws(HullError) -> HTTPClient {
    let proxy = configuration.proxies.proxy(for: address)
    return clients.withLock { clients in
      if let client = clients[proxy] { return client }
      let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: settings(proxy))
      clients[proxy] = client
      return client
    }
  }

  private func settings(_ proxy: WebAddress?) -> HTTPClient.Configuration {
    var settings = HTTPClient.Configuration()
    // Ranges over connections of their own: one HTTP/2 connection would give all segments one window and one fate.
    settings.httpVersion = .http1Only
    settings.redirectConfiguration = .disallow
    settings.timeout.connect = TimeAmount(limits.connectTimeout)
    settings.connectionPool.retryConnectionEstablishment = false
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
    settings.connectionPool.idleTimeout = .seconds(30)
    settings.http1_1ConnectionDebugInitializer = DrainHandler.install
    settings.proxy = proxy.map { .init($0) }
    return settings
  }
}

extension HTTPClient.Configuration.Proxy {
  fileprivate init(_ address: WebAddress) {
    guard let user = address.userInfo else {
      self = .server(host: address.bareHost, port: address.port)
      return
    }
    let halves = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(WebAddress.unescaped)
    self = .server(
      host: address.bareHost, port: address.port, authorization: .basic(username: halves[0], password: halves.count == 2 ? halves[1] : ""))
  }
}
