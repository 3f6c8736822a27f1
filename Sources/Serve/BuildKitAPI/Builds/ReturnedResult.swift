// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import Foundation
import OCISpec

/// The name of a result, or of its image for one platform: `build/result[#platform]`.
struct ResultName: Sendable, Hashable, CustomStringConvertible {
  let result: String
  /// As it was asked for; `nil`: all there are.
  var platform: String?

  init(_ text: String) {
    guard let mark = text.firstIndex(of: "#") else {
      (result, platform) = (text, nil)
      return
    }
    (result, platform) = (String(text[..<mark]), String(text[text.index(after: mark)...]))
  }

  /// The build that it belongs to.
  var build: String { String(result[..<(result.lastIndex(of: "/") ?? result.endIndex)]) }

  var description: String { platform.map { "\(result)#\($0)" } ?? result }

  /// Of a result's images those that it names.
  func choose(_ images: [MadeImage]) -> [MadeImage] {
    guard let platform else { return images }
    return images.filter { $0.platform.normalized.description == platform }
  }
}

/// What a client returns at the end of its side of a build.
struct ReturnedResult: Sendable {
  /// Empty: nothing.
  var names: [ResultName] = []
  /// What it says of them, by BuildKit's keys.
  var metadata: [String: Data] = [:]
  /// By what it calls them: the platform, where there are several.
  private var identities: [ResultName: String] = [:]

  init(_ names: [ResultName] = []) { self.names = names }

  init(_ result: GatewayResult) {
    metadata = result.metadata
    switch result.result {
    case .ref(let ref)?: add(ref.id, nil)
    case .refDeprecated(let id)?: add(id, nil)
    case .refs(let refs)?: for (identity, ref) in sorted(refs.refs) { add(ref.id, identity) }
    case .refsDeprecated(let refs)?: for (identity, id) in sorted(refs.refs) { add(id, identity) }
    case nil: break
    }
  }

  private mutating func add(_ id: String, _ identity: String?) {
    guard !id.isEmpty else { return }
    let name = ResultName(id)
    names.append(name)
    identities[name] = identity
  }

  /// In the order of the platforms that the client has named.
  private func sorted<Value>(_ refs: [String: Value]) -> [(key: String, value: Value)] {
    let platforms = metadata[PlatformList.key].flatMap { try? JSONDecoder().decode(PlatformList.self, from: $0) }?.platforms.map(\.id) ?? []
    func place(_ identity: String) -> Int { platforms.firstIndex(of: identity) ?? platforms.count }
    return refs.sorted { (place($0.key), $0.key) < (place($1.key), $1.key) }
  }

  /// What it has to tell its client through the engine.
  var told: [String: String] { metadata.filter { $0.key.hasPrefix("frontend.") }.mapValues { String(decoding: $0, as: UTF8.self) } }

  /// Throws `invalidArgument` when what it says of its images means nothing.
  func check() throws(HullError) {
    if let list = metadata[PlatformList.key] { try PlatformList.check(list) }
    for (key, config) in metadata where key == ImageMetadata.config || key.hasPrefix(ImageMetadata.config + "/") {
      try ImageMetadata.check(config: config)
    }
  }

  /// What it says of an image.
  func config(of name: ResultName) -> ImageConfig? {
    let key = identities[name].map { "\(ImageMetadata.config)/\($0)" } ?? ImageMetadata.config
    return metadata[key].flatMap { try? JSONDecoder().decode(ImageConfig.self, from: $0) }
  }
}

/// The platforms of a result, as BuildKit's clients have them (exptypes.Platforms).
struct PlatformList: Codable {
  static let key = "refs.platforms"

  struct Entry: Codable {
    var id: String
    var platform: Platform

    enum CodingKeys: String, CodingKey {
      case id = "ID"
      case platform = "Platform"
    }
  }

  var platforms: [Entry]

  enum CodingKeys: String, CodingKey { case platforms = "Platforms" }

  fileprivate static func check(_ text: Data) throws(HullError) {
    guard let list = try? JSONDecoder().decode(PlatformList.self, from: text), !list.platforms.isEmpty else {
      throw HullError(.invalidArgument, "invalid empty platforms index for exporter: \(key) has to name the images' platforms")
    }
    for entry in list.platforms {
      guard !entry.id.isEmpty else { throw HullError(.invalidArgument, "invalid empty platform key for exporter: an entry of \(key) has no ID") }
      guard !entry.platform.os.isEmpty, !entry.platform.architecture.isEmpty else {
        throw HullError(.invalidArgument, "invalid platform value for exporter: \(quoted(entry.id)) has to have an os and an architecture")
      }
    }
  }
}

/// What is told of results' images, by BuildKit's keys.
enum ImageMetadata {
  static let config = "containerimage.config"

  /// - Parameter hasSeveral: the images are told apart by their platforms.
  static func of(_ images: [PlannedImage], hasSeveral: Bool) throws -> [String: Data] {
    var metadata: [String: Data] = [:]
    let encoder = JSONEncoder()
    for image in images {
      let key = hasSeveral ? "\(config)/\(image.platform.normalized)" : config
      metadata[key] = try encoder.encode(image.config)
    }
    let list = PlatformList(platforms: images.map { PlatformList.Entry(id: $0.platform.normalized.description, platform: $0.platform.normalized) })
    metadata[PlatformList.key] = try encoder.encode(list)
    return metadata
  }

  /// What an image's configuration says of its platform.
  private struct PlatformPart: Decodable {
    var os: String?
    var architecture: String?
  }

  fileprivate static func check(config text: Data) throws(HullError) {
    let part: PlatformPart?
    do { part = try JSONDecoder().decode(PlatformPart?.self, from: text) } catch {
      throw HullError(.invalidArgument, "invalid image config for export", cause: error)
    }
    guard let part else { throw HullError(.invalidArgument, "invalid null image config for export") }
    guard (part.os ?? "").isEmpty == (part.architecture ?? "").isEmpty else {
      throw HullError(.invalidArgument, "invalid image config: os and architecture must be specified together")
    }
  }

  /// What a client says of an input's image (`input-metadata:NAME`); `nil`: nothing.
  static func config(inInput text: String) -> ImageConfig? {
    guard let values = try? JSONDecoder().decode([String: Data].self, from: Data(text.utf8)), let config = values[config] else { return nil }
    return try? JSONDecoder().decode(ImageConfig.self, from: config)
  }
}
