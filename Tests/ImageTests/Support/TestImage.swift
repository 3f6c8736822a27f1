// SPDX-License-Identifier: Apache-2.0
import Archive
import OCISpec

/// A small image archive, in the forms that tools write, and as wrong as a test needs it.
struct TestImage {
  var layers: [[UInt8]]
  var tags: [String]
  var config: String
  let architecture: String?

  /// - Parameters:
  ///   - architecture: `nil`: the host's.
  ///   - members: more of the configuration's, in place of the history of one step.
  init(
    layers: [[UInt8]], tags: [String] = ["test/image:1"], architecture: String? = nil, created: String = "2026-01-02T03:04:05.6Z",
    labels: String = #"{"a":"b"}"#, members: String = #""history":[{"created_by":"test"}]"#
  ) {
    self.layers = layers
    self.tags = tags
    self.architecture = architecture
    let diffIDs = layers.map { "\"\(SHA256.digest(of: $0))\"" }.joined(separator: ",")
    config = """
      {"architecture":"\(architecture ?? Platform.host.architecture)","os":"linux","created":"\(created)",
      "config":{"Cmd":["sh"],"Labels":\(labels)},"rootfs":{"type":"layers","diff_ids":[\(diffIDs)]},\(members)}
      """
  }

  var id: Digest { SHA256.digest(of: config) }

  /// As `docker save` wrote it before version 25.
  func legacy(layerNames: [String]? = nil) -> [UInt8] {
    RawTar.make { tar in
      let names = layerNames ?? layers.indices.map { "layer\($0)/layer.tar" }
      for (name, layer) in zip(names, layers) { tar.add(name, data: layer) }
      tar.file("\(id.hex).json", config)
      tar.file("manifest.json", manifestJSON(layers: names))
    }
  }

  func manifestJSON(layers names: [String]) -> String {
    let tags = tags.map { "\"\($0)\"" }.joined(separator: ",")
    return #"[{"Config":"\#(id.hex).json","RepoTags":[\#(tags)],"Layers":[\#(names.map { "\"\($0)\"" }.joined(separator: ","))]}]"#
  }

  /// The OCI manifest.
  var manifest: String {
    let layers = layers.map {
      #"{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\#(SHA256.digest(of: $0))","size":\#($0.count)}"#
    }
    return """
      {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",
      "digest":"\(id)","size":\(config.utf8.count)},"layers":[\(layers.joined(separator: ","))]}
      """
  }

  func descriptor(platform: String? = nil, annotations: String? = nil) -> String {
    let extra = (platform.map { #","platform":\#($0)"# } ?? "") + (annotations.map { #","annotations":\#($0)"# } ?? "")
    return TestImage.descriptor(manifest, "application/vnd.oci.image.manifest.v1+json", extra)
  }

  static func descriptor(_ blob: String, _ mediaType: String, _ extra: String = "") -> String {
    #"{"mediaType":"\#(mediaType)","digest":"\#(SHA256.digest(of: blob))","size":\#(blob.utf8.count)\#(extra)}"#
  }

  static func index(_ descriptors: [String]) -> String {
    #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[\#(descriptors.joined(separator: ","))]}"#
  }

  /// Everything a layout has below blobs.
  func addBlobs(to tar: inout RawTar) {
    for layer in layers { tar.add("blobs/sha256/\(SHA256.digest(of: layer).hex)", data: layer) }
    for text in [config, manifest] { TestImage.add(text, to: &tar) }
  }

  static func add(_ blob: String, to tar: inout RawTar) { tar.file("blobs/sha256/\(SHA256.digest(of: blob).hex)", blob) }

  /// An OCI layout with this image alone.
  func layout(index: String? = nil) -> [UInt8] {
    RawTar.make { tar in
      tar.file("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
      let names = tags.map { #"{"io.containerd.image.name":"docker.io/\#($0)"}"# }
      tar.file("index.json", index ?? TestImage.index(names.isEmpty ? [descriptor()] : names.map { descriptor(annotations: $0) }))
      addBlobs(to: &tar)
    }
  }
}
