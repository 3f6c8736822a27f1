// SPDX-License-Identifier: Apache-2.0
import Archive
import AsyncHTTPClient
import Errors
import Foundation
import Logging
import NIOCore
import OCISpec
import RegistryServer
import RegistryStore

/// A registry in this process, on a free port of loopback.
struct TestServer: Sendable {
  let port: Int

  /// Serves while `body` runs.
  static func run(_ change: (inout RegistryConfiguration) throws -> Void = { _ in }, _ body: (TestServer) async throws -> Void) async throws {
    let root = "/var/tmp/hull-registry-server-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: root) }
    var configuration = RegistryConfiguration(root: root)
    configuration.port = 0
    try change(&configuration)
    let server = try await RegistryServer(configuration, logger: Logger(label: "test"))
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let serving = Task { try await server.run { port.yield($0) } }
    var iterator = ports.makeAsyncIterator()
    guard let number = await iterator.next() else { throw HullError(.internalError, "the server did not start") }
    do {
      try await body(TestServer(port: number))
    } catch {
      serving.cancel()
      _ = try? await serving.value
      throw error
    }
    serving.cancel()
    _ = try? await serving.value
  }

  struct Answer {
    let status: UInt
    let headers: [(String, String)]
    let body: [UInt8]
    func header(_ name: String) -> String? { headers.first { $0.0.lowercased() == name.lowercased() }?.1 }
  }

  func ask(_ method: String, _ path: String, _ body: [UInt8] = [], headers: [String: String] = [:]) async throws -> Answer {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
    request.method = .init(rawValue: method)
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if !body.isEmpty { request.body = .bytes(body) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
    let content = try await response.body.collect(upTo: 64 << 20)
    return Answer(status: response.status.code, headers: response.headers.map { ($0.name, $0.value) }, body: Array(content.readableBytesView))
  }

  @discardableResult
  func push(_ bytes: [UInt8], to name: String) async throws -> Digest {
    let digest = SHA256.digest(of: bytes)
    let answer = try await ask("POST", "/v2/\(name)/blobs/uploads/?digest=\(digest)", bytes)
    guard answer.status == 201 else { throw HullError(.internalError, "push: \(answer.status)") }
    return digest
  }

  /// Pushes an image of one layer; gives its manifest.
  func image(_ seed: String, in name: String, tag: String) async throws -> [UInt8] {
    let (config, layer) = ([UInt8]("{\"seed\":\"\(seed)\"}".utf8), [UInt8]("layer \(seed)".utf8))
    let (configDigest, layerDigest) = (try await push(config, to: name), try await push(layer, to: name))
    let manifest = """
      {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":"\(MediaType.ociConfig)","digest":"\(configDigest)",\
      "size":\(config.count)},"layers":[{"mediaType":"\(MediaType.ociLayer)","digest":"\(layerDigest)","size":\(layer.count)}]}
      """
    let answer = try await ask("PUT", "/v2/\(name)/manifests/\(tag)", [UInt8](manifest.utf8), headers: ["Content-Type": MediaType.ociManifest])
    guard answer.status == 201 else { throw HullError(.internalError, "push: \(answer.status)") }
    return [UInt8](manifest.utf8)
  }
}
