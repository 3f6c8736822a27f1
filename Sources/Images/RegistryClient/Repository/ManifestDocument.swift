// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import NIOHTTP1
import OCISpec

/// What kind of document a manifest is.
enum ManifestDocument {
  /// What is asked for: the kinds that an image can be.
  static let accepted: HTTPHeaders = HTTPHeaders(known.map { ("Accept", $0) } + [("Accept", "*/*;q=0.1")])

  static func isKnown(_ type: String) -> Bool { known.contains(bare(type)) }

  /// A media type without parameters, in lower case.
  static func bare(_ type: String) -> String {
    String(type.prefix { $0 != ";" }).lowercased().filter { !$0.isWhitespace }
  }

  /// The media type, from the header, the document, or its shape. One that says two things at once is refused: it may be read in two ways.
  static func mediaType(of bytes: [UInt8], header: String?) throws -> String {
    guard let shape = try? JSONDecoder().decode(Shape.self, from: Data(bytes)) else {
      throw PlaceFailure(.misbehaved, "the manifest is not the JSON object that it must be")
    }
    let header = header.map(bare).flatMap { vague.contains($0) ? nil : $0 }
    if schema1.contains(header ?? "") || shape.schemaVersion == 1 {
      throw PlaceFailure(.refused, "the image has a manifest of schema 1, which is obsolete: push it again with a current client")
        .saying("the image has a manifest of schema 1, which is obsolete: push it again with a current client", code: .unsupported)
    }
    let said = shape.mediaType.map(bare).flatMap { $0.isEmpty ? nil : $0 }
    let type = header ?? said ?? (shape.manifests ? MediaType.ociIndex : MediaType.ociManifest)
    guard known.contains(type) else {
      let message = "the manifest has the media type \(quoted(type)), which is neither an image nor an index"
      throw PlaceFailure(.refused, message).saying(message, code: .unsupported)
    }
    guard said == nil || said == type, MediaType.isIndex(type) ? !(shape.config || shape.layers) : !shape.manifests else {
      throw PlaceFailure(.misbehaved, "the manifest is sent as \(quoted(type)), but says something else in itself")
    }
    return type
  }

  private static let known = [MediaType.ociIndex, MediaType.ociManifest, MediaType.dockerManifestList, MediaType.dockerManifest]
  private static let schema1: Set = [
    "application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws",
  ]
  /// What servers of files send who do not know what they serve.
  private static let vague: Set = ["", "application/json", "application/octet-stream", "text/plain", "binary/octet-stream"]

  /// Which members there are; their contents do not matter yet.
  private struct Shape: Decodable {
    var schemaVersion: Int?
    var mediaType: String?
    var manifests = false
    var config = false
    var layers = false

    enum CodingKeys: String, CodingKey { case schemaVersion, mediaType, manifests, config, layers }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      schemaVersion = try? container.decodeIfPresent(Int.self, forKey: .schemaVersion)
      mediaType = try container.decodeIfPresent(String.self, forKey: .mediaType)
      manifests = container.contains(.manifests)
      config = container.contains(.config)
      layers = container.contains(.layers)
    }
  }
}
