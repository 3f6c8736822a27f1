// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import FoundationEssentials
import GRDB
import OCISpec

/// Bytes on their way to and from the database.
struct DataBytes {
  let value: Data
  init(_ bytes: [UInt8]) { value = Data(bytes) }
}

/// Configurations by ID: they never change, and reading JSON is what a list of images would mostly do.
final class ConfigCache: Sendable {
  private static let capacity = 512
  private let configs = Monitor<[ImageID: ImageConfig]>([:])

  func config(_ id: ImageID, _ bytes: [UInt8]) throws(HullError) -> ImageConfig {
    if let known = configs.with({ $0[id] }) { return known }
    let config: ImageConfig = try JSON.decode(bytes, "configuration of image \(id)")
    configs.with { known in
      if known.count >= ConfigCache.capacity { known.removeAll(keepingCapacity: true) }
      known[id] = config
    }
    return config
  }
}

/// JSON as it comes in and goes out.
package enum JSON {
  /// - Parameter what: names the document in messages.
  package static func decode<Value: Decodable>(_ bytes: [UInt8], _ what: String) throws(HullError) -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch {
      throw HullError(.invalidArgument, "\(what) is not what it should be: \(reason(error))")
    }
  }

  /// The same value gives the same bytes.
  package static func encode(_ value: some Encodable) throws(HullError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(value)) } catch { throw HullError(.internalError, "cannot write JSON", cause: error) }
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    func place(_ context: DecodingError.Context) -> String {
      context.codingPath.isEmpty ? "" : " at " + context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context): return "\"\(key.stringValue)\" is missing\(place(context))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): return "wrong type\(place(context))"
    case .dataCorrupted(let context): return "not valid JSON\(place(context))"
    @unknown default: return "unreadable"
    }
  }
}

extension Catalog {
  /// `nil` when there is no such image.
  func record(_ id: ImageID, _ configs: ConfigCache) throws -> ImageRecord? {
    let sql = """
      SELECT image.config, manifest.digest, media_type, manifest.size, image.added, image.tagged, image.parent, artifact, artifact_size,
        EXISTS (SELECT 1 FROM image_name WHERE image_name.image = image.id), image.used
      FROM image JOIN manifest ON manifest.digest = image.manifest WHERE image.id = ?
      """
    guard let row = try Row.fetchOne(database.cachedStatement(sql: sql), arguments: [id.description]) else { return nil }
    let bytes = Array(row[0] as Data)
    let references = try references(of: id)
    let parent: String? = row[6]
    let artifactSize: Int64 = row[8]
    return ImageRecord(
      id: id, config: try configs.config(id, bytes), rawConfig: bytes,
      manifest: Descriptor(mediaType: row[2], digest: try digest(row[1]), size: row[3]),
      tags: references.filter { $0.tag != nil }, digests: references.filter { $0.tag == nil },
      size: try layers(of: id).reduce(artifactSize) { $0 + $1.size }, parent: try parent.map(digest), added: row[4], tagged: row[5], used: row[10],
      artifactType: row[7], isOnlyVariant: !references.isEmpty && !(row[9] as Bool))
  }
}
