// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import OCISpec

/// What the registry reads in a manifest or index; the rest passes through untouched.
package struct ManifestContent: Sendable, Decodable {
  package var schemaVersion: Int?
  package var mediaType: String?
  package var artifactType: String?
  package var config: Descriptor?
  package var layers: [Descriptor]?
  package var manifests: [Descriptor]?
  package var subject: Descriptor?
  package var annotations: [String: String]?

  /// Reads bytes that are stored already, or `MANIFEST_INVALID`.
  package init(_ bytes: [UInt8]) throws(HullError) {
    do {
      self = try JSONDecoder().decode(ManifestContent.self, from: Data(bytes))
    } catch let error as HullError {
      throw HullError(.manifestInvalid, "the manifest cannot be read", cause: error)
    } catch {
      throw HullError(.manifestInvalid, "the manifest is not the JSON of a manifest or index")
    }
  }

  /// The media type, also of manifests that leave it out (OCI image specification: it SHOULD be there).
  package var type: String { mediaType ?? (manifests == nil ? MediaType.ociManifest : MediaType.ociIndex) }

  package var isIndex: Bool { manifests != nil }

  /// The configuration and the layers, and what an index lists that is no manifest: BuildKit's older form of a build cache has blobs there.
  package var blobs: [Descriptor] { (config.map { [$0] } ?? []) + (layers ?? []) + (manifests ?? []).filter { !$0.isManifest } }

  /// What a list of referrers calls it (distribution specification, listing referrers).
  package var referrerType: String? {
    if let artifactType, !artifactType.isEmpty { return artifactType }
    return config?.mediaType
  }

  /// Checks the form. Throws `MANIFEST_INVALID`.
  /// - Parameter declared: the request's `Content-Type`; nil: none.
  func check(declared: String?) throws(HullError) {
    guard schemaVersion == 2 else {
      throw HullError(
        .manifestInvalid, "manifests of schema version \(schemaVersion.map(String.init) ?? "none") are not supported: push with schema version 2")
    }
    guard !(isIndex && (layers != nil || config != nil)) else {
      throw HullError(.manifestInvalid, "the manifest has both manifests and layers: it must be an index or an image")
    }
    let type = self.type
    guard MediaType.isManifest(type) || MediaType.isIndex(type) else {
      throw HullError(.manifestInvalid, "manifests of type \(quoted(type)) are not supported")
    }
    guard MediaType.isIndex(type) == isIndex else { throw HullError(.manifestInvalid, "the manifest's content is not that of its type \(type)") }
    if let declared, declared != type {
      throw HullError(.manifestInvalid, "the request's Content-Type \(quoted(declared)) differs from the manifest's type \(type)")
    }
    guard isIndex || (config != nil && layers != nil) else { throw HullError(.manifestInvalid, "the manifest lacks its config or its layers") }
    for descriptor in blobs + (manifests ?? []).filter(\.isManifest) + (subject.map { [$0] } ?? []) where descriptor.size < 0 {
      throw HullError(.manifestInvalid, "the manifest says that \(descriptor.digest) has \(descriptor.size) bytes")
    }
  }
}

extension Descriptor {
  /// Whether it is another manifest or index.
  package var isManifest: Bool { MediaType.isManifest(mediaType) || MediaType.isIndex(mediaType) }

  /// Whether it lies elsewhere by its own word: never uploaded, never checked.
  package var isForeign: Bool { !(urls ?? []).isEmpty || mediaType.contains("nondistributable") || mediaType.contains(".foreign.") }
}
