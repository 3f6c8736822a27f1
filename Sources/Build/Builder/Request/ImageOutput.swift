// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import ImageStore
import OCISpec

/// How an image goes out (BuildKit's image exporters).
package struct ImageOutput: Sendable, Hashable {
  package var push = false
  /// Not into the image store.
  package var pushOnly = false
  /// The registry gets no tag.
  package var pushesByDigest = false
  /// Names by digest, too: `name@sha256:…`.
  package var isCanonical = false
  /// A repository under which the image has a name by digest.
  package var danglingPrefix: String?
  /// That name only when there is no other.
  package var isDanglingOnly = false
  /// Of layers that this build makes; `nil`: none in the store, gzip in archives and registries.
  package var compression: Compression?
  package var compressionLevel: Int?
  /// Also layers that came from elsewhere.
  package var forceCompression = false
  /// Layers get no time later than the source date epoch.
  package var rewritesTimestamps = false
  /// Media types: OCI's or Docker's.
  package var usesDockerTypes = false
  /// Attestations are in an artifact; otherwise in the manifest of an image.
  package var attestsInArtifact = true
  /// Attestations that are meant for images alone (`inline-only`) are added, too.
  package var forcesAttestations = false
  /// Files of an OCI layout in a directory of the client's, instead of an archive.
  package var isDirectory = false
  /// What an image of a client's graph says of itself.
  package var config: ImageConfig?
  /// More names than those of the request.
  package var names: [String] = []
  package var annotations = ImageAnnotations()
  package var epoch = OutputEpoch.ofBuild

  package init() {}

  /// Attributes as BuildKit's exporters have them (`compression=zstd`, …); unknown ones mean nothing.
  package init(attributes: [String: String]) throws(HullError) {
    self.init()
    let attributes = OutputAttributes(attributes)
    push = try attributes.flag("push") ?? false
    let isStored = try attributes.flag("store")
    pushOnly = push && isStored == false
    pushesByDigest = try attributes.flag("push-by-digest") ?? false
    isCanonical = try attributes.flag("name-canonical") ?? false
    danglingPrefix = attributes["dangling-name-prefix"]
    isDanglingOnly = try attributes.flag("danging-name-empty-only") ?? false
    try takeLayers(attributes)
    usesDockerTypes = try attributes.flag("oci-mediatypes") == false
    attestsInArtifact = try attributes.flag("oci-artifact") ?? true
    forcesAttestations = try attributes.flag("attestation-inline") ?? false
    isDirectory = try attributes.flag("tar") == false
    if let text = attributes["containerimage.config"] { config = try JSON.decode(Array(text.utf8), "containerimage.config of the output") }
    names = (attributes["name"] ?? "").split(separator: ",").map(String.init)
    for (key, value) in attributes.values { try annotations.add(attribute: key, value) }
    try check()
  }

  private mutating func takeLayers(_ attributes: OutputAttributes) throws(HullError) {
    compression = try attributes["compression"].map { (text) throws(HullError) in
      guard let known = Compression(named: text) else {
        throw HullError(.unsupported, "output: compression \(quoted(text)) is not supported: use uncompressed, gzip or zstd")
      }
      return known
    }
    compressionLevel = try attributes.number("compression-level").map(Int.init(clamping:))
    forceCompression = try attributes.flag("force-compression") ?? false
    rewritesTimestamps = try attributes.flag("rewrite-timestamp") ?? false
    epoch = try attributes.epoch()
  }

  private func check() throws(HullError) {
    guard usesDockerTypes else { return }
    if annotations.hasAny(besides: .manifest) {
      throw HullError(.invalidArgument, "cannot export annotations with \"oci-mediatypes=false\"")
    }
  }
}

/// How a file system goes out (BuildKit's exporters `local` and `tar`).
package struct FileOutput: Sendable, Hashable {
  /// Before the names of the attestations' files.
  package var attestationPrefix = ""
  /// A directory for each platform; `nil`: when there are several.
  package var splitsPlatforms: Bool?
  package var epoch = OutputEpoch.ofBuild

  package init() {}

  package init(attributes: [String: String]) throws(HullError) {
    self.init()
    let attributes = OutputAttributes(attributes)
    attestationPrefix = attributes["attestation-prefix"] ?? ""
    splitsPlatforms = try attributes.flag("platform-split")
    epoch = try attributes.epoch()
  }
}

/// Reads attributes of outputs.
private struct OutputAttributes {
  let values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  /// `nil` for a missing or empty value.
  subscript(key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }

  /// An attribute without a value is set.
  func flag(_ key: String) throws(HullError) -> Bool? {
    guard let text = values[key] else { return nil }
    guard let truth = text.isEmpty ? true : GoText.boolean(text) else {
      throw HullError(.invalidArgument, "output: non-bool value specified for \(key): \(quoted(text))")
    }
    return truth
  }

  func epoch() throws(HullError) -> OutputEpoch {
    let key = "source-date-epoch"
    if values[key] == "" { return .none }
    return try number(key).map { OutputEpoch.seconds($0) } ?? .ofBuild
  }

  func number(_ key: String) throws(HullError) -> Int64? {
    guard let text = self[key] else { return nil }
    guard let number = Int64(text), number >= 0 else {
      throw HullError(.invalidArgument, "output: non-integer value specified for \(key): \(quoted(text))")
    }
    return number
  }
}
