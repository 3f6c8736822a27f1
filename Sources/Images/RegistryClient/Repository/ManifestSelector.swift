// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// Which manifest of a repository: `<reference>` in the distribution specification.
package enum ManifestSelector: Sendable, Hashable, CustomStringConvertible {
  case tag(String)
  case digest(Digest)

  /// What a reference names: its digest if it has one, its tag, or `latest`.
  package init(_ reference: Reference) {
    self = reference.digest.map { .digest($0) } ?? .tag(reference.tag ?? "latest")
  }

  /// As it stands in a path.
  package var description: String {
    switch self {
    case .tag(let tag): tag
    case .digest(let digest): digest.description
    }
  }
}

/// A manifest or index as a registry gave it, its digest verified.
package struct RemoteManifest: Sendable, Hashable {
  /// To the byte what the digest is of.
  package let bytes: [UInt8]
  /// Media type, digest and size.
  package let descriptor: Descriptor
  /// The place that gave it: `docker.io`, `https://mirror.example`.
  package let place: String
}
