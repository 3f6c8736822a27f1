// SPDX-License-Identifier: Apache-2.0

/// The media types of the OCI image specification and their older Docker names.
package enum MediaType {
  package static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
  package static let ociIndex = "application/vnd.oci.image.index.v1+json"
  package static let ociConfig = "application/vnd.oci.image.config.v1+json"
  package static let ociLayer = "application/vnd.oci.image.layer.v1.tar"
  package static let ociLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip"
  package static let ociLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd"
  package static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
  package static let dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
  package static let dockerConfig = "application/vnd.docker.container.image.v1+json"
  package static let dockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip"
  package static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar"
  package static let dockerLayerZstd = "application/vnd.docker.image.rootfs.diff.tar.zstd"
  /// The two bytes `{}`: the configuration of an artifact that has none.
  package static let ociEmpty = "application/vnd.oci.empty.v1+json"
  /// A statement about an artifact (in-toto attestation framework).
  package static let inToto = "application/vnd.in-toto+json"
  /// What kind of artifact holds an image's attestations.
  package static let attestationManifest = "application/vnd.docker.attestation.manifest.v1+json"

  package static func isManifest(_ type: String) -> Bool { type == ociManifest || type == dockerManifest }
  package static func isIndex(_ type: String) -> Bool { type == ociIndex || type == dockerManifestList }
  package static func isConfig(_ type: String) -> Bool { type == ociConfig || type == dockerConfig }
  /// A tar of a file system layer, whatever its compression; not an attestation or another artifact.
  package static func isLayer(_ type: String) -> Bool {
    type.hasPrefix("application/vnd.oci.image.layer.v1.tar") || type.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.tar")
      || type.hasPrefix("application/vnd.docker.image.rootfs.diff.tar") || type.hasPrefix("application/vnd.docker.image.rootfs.foreign.diff.tar")
  }
}
