// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// An image in an OCI layout of the client's: `oci-layout://STORE[:TAG][@DIGEST]`; the slashes may be left out.
package struct LayoutAddress: Sendable, Hashable {
  private static let scheme = "oci-layout:"

  /// By which name the client offers the layout.
  package var store: String
  /// `nil`: the only image, or the one that is called `latest`.
  package var tag: String?
  package var digest: Digest?

  /// `nil`: it is no such address. Throws `invalidArgument` for a digest that is none.
  package init?(_ text: String) throws(HullError) {
    guard text.hasPrefix(LayoutAddress.scheme) else { return nil }
    var rest = text.dropFirst(LayoutAddress.scheme.count)
    if rest.hasPrefix("//") { rest = rest.dropFirst(2) }
    if let at = rest.lastIndex(of: "@") {
      digest = try Digest(String(rest[rest.index(after: at)...]))
      rest = rest[..<at]
    }
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
      tag = String(rest[rest.index(after: colon)...])
      rest = rest[..<colon]
    }
    store = String(rest)
  }
}

/// What of a layout makes one image.
package struct LayoutImage: Sendable {
  package let manifest: Descriptor
  /// The manifest, the configuration and the layers.
  package let blobs: [Descriptor]

  /// Indexes within indexes: what is deeper, or leads in a circle, is refused.
  private static let deepest = 8

  /// Follows an index to the image that suits a platform best.
  /// - Parameters:
  ///   - depth: how many indexes have led here.
  ///   - read: gives a small blob, which need not be verified.
  package static func find(
    _ root: Digest, platform: Platform, depth: Int = 0, read: (Digest) async throws -> [UInt8]
  ) async throws -> LayoutImage {
    guard depth < deepest else { throw HullError(.invalidArgument, "oci layout: \(root) lies in more than \(deepest) indexes") }
    let bytes = try await read(root)
    guard let index = try LayoutDocument.index(bytes) else {
      let descriptor = Descriptor(mediaType: try LayoutDocument.manifestType(bytes), digest: root, size: Int64(bytes.count))
      return try image(descriptor, bytes)
    }
    let images = index.manifests.filter { $0.annotations?[Annotation.dockerReferenceType] == nil && $0.platform != Platform.unknown }
    let fitting = images.compactMap { found in (found.platform ?? platform).distance(to: platform).map { ($0, found) } }
    guard let best = fitting.min(by: { $0.0 < $1.0 })?.1 else {
      throw HullError(.notFound, "oci layout: \(root) has no image for \(platform)")
    }
    // An index may be in an index.
    return try await find(best.digest, platform: platform, depth: depth + 1, read: read)
  }

  private static func image(_ descriptor: Descriptor, _ bytes: [UInt8]) throws(HullError) -> LayoutImage {
    let manifest = try LayoutDocument.manifest(bytes)
    return LayoutImage(manifest: descriptor, blobs: [descriptor, manifest.config] + manifest.layers)
  }
}
