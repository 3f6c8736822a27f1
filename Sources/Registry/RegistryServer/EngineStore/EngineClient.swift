// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Errors
import FoundationEssentials
import NIOCore
import NIOHTTP1
import OCISpec

/// A running engine, asked over its socket by Docker's Engine API.
final class EngineClient: Sendable {
  private struct Summary: Decodable {
    let RepoTags: [String]?
  }

  private struct Inspect: Decodable {
    let Descriptor: OCISpec.Descriptor?
    let Metadata: Times?

    struct Times: Decodable {
      let LastTagTime: String?
    }
  }

  private struct Info: Decodable {
    let DockerRootDir: String
  }

  private let socket: String
  private let client: HTTPClient

  /// - Parameter url: `unix:///run/hull/hull.sock`, or the path alone.
  init(_ url: String, group: any EventLoopGroup) {
    socket = url.hasPrefix("unix://") ? String(url.dropFirst("unix://".count)) : url
    client = HTTPClient(eventLoopGroupProvider: .shared(group))
  }

  func shutdown() async { try? await client.shutdown() }

  /// Every name with a tag, as people write it.
  func names() async throws -> [String] { try await ask("/images/json", [Summary].self).flatMap { $0.RepoTags ?? [] } }

  /// What a name stands for, and since when, nanoseconds since 1970.
  func image(_ name: String) async throws -> (descriptor: Descriptor, tagged: Int64?) {
    let image = try await ask("/images/\(Percent.encode(name))/json", Inspect.self)
    guard let descriptor = image.Descriptor else { throw HullError(.manifestUnknown, "the engine does not say what \(name) stands for") }
    return (descriptor, image.Metadata?.LastTagTime.flatMap(RFC3339.parse).map { $0.seconds * 1_000_000_000 + $0.nanoseconds })
  }

  /// Where it keeps everything.
  func root() async throws -> String { try await ask("/info", Info.self).DockerRootDir }

  private func ask<Value: Decodable>(_ path: String, _ type: Value.Type) async throws -> Value {
    let host = socket.utf8.map { "%" + Digest.hexadecimal([$0]) }.joined()
    do {
      var request = HTTPClientRequest(url: "http+unix://\(host)\(path)")
      request.headers.add(name: "Host", value: "localhost")
      let response = try await client.execute(request, timeout: .seconds(30))
      let body = try await response.body.collect(upTo: 64 << 20)
      guard response.status != .notFound else { throw HullError(.manifestUnknown, "the engine has no such image") }
      guard response.status == .ok else { throw HullError(.unavailable, "the engine at \(socket) answers \(response.status)") }
      return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
    } catch let error as HullError {
      throw error
    } catch {
      throw HullError(.unavailable, "cannot ask the engine at \(socket)", cause: error)
    }
  }
}
