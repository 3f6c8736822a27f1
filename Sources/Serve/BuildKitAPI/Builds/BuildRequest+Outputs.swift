// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import OCISpec

extension BuildRequest {
  /// What BuildKit's exporters are asked for. An exporter's position in the list is the name under which its client takes what it gives.
  mutating func takeOutputs(_ exporters: [ControlExporter]) throws(HullError) {
    outputs = []
    for (position, exporter) in exporters.enumerated() { outputs.append(try output(exporter, id: String(position))) }
    if outputs.isEmpty { outputs = [.none] }
  }

  private mutating func output(_ exporter: ControlExporter, id: String) throws(HullError) -> BuildOutput {
    switch exporter.type {
    case "moby", "image": return .image(try image(exporter.attrs))
    case "docker", "oci":
      if exporter.attrs["tar"] == "false" {
        throw HullError(.unsupported, "output \(exporter.type): tar=false is not supported: take the archive")
      }
      return .archive(id: id, image: try image(exporter.attrs), oci: exporter.type == "oci")
    case "tar": return .tar(id: id)
    case "local": return .local(id: id)
    default: throw HullError(.unsupported, "no output of type \(quoted(exporter.type)): use image, docker, oci, tar or local")
    }
  }

  private mutating func image(_ attributes: [String: String]) throws(HullError) -> ImageOutput {
    var image = ImageOutput()
    let names = attributes["name"]?.split(separator: ",").map(String.init) ?? []
    if tags.isEmpty {
      for name in names { tags.append(try Reference(name).withDefaultTag) }
    } else {
      image.names = names
    }
    image.push = FrontendOptions.isTrue(attributes["push"])
    image.pushOnly = image.push && attributes["store"] == "false"
    image.compression = attributes["compression"]
    image.compressionLevel = attributes["compression-level"].flatMap { Int($0) }
    image.forceCompression = FrontendOptions.isTrue(attributes["force-compression"])
    image.rewritesTimestamps = FrontendOptions.isTrue(attributes["rewrite-timestamp"])
    image.usesDockerTypes = attributes["oci-mediatypes"] == "false"
    for (key, value) in attributes {
      for prefix in ["annotation.", "annotation-manifest."] where key.hasPrefix(prefix) {
        annotations[String(key.dropFirst(prefix.count))] = value
      }
    }
    return image
  }
}
