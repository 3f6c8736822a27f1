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
    case "docker", "oci": return .archive(id: id, image: try image(exporter.attrs), oci: exporter.type == "oci")
    case "tar": return .tar(id: id, files: try FileOutput(attributes: exporter.attrs))
    case "local": return .local(id: id, files: try FileOutput(attributes: exporter.attrs))
    default: throw HullError(.unsupported, "no output of type \(quoted(exporter.type)): use image, docker, oci, tar or local")
    }
  }

  private mutating func image(_ attributes: [String: String]) throws(HullError) -> ImageOutput {
    var image = try ImageOutput(attributes: attributes)
    if tags.isEmpty {
      for name in image.names { tags.append(try Reference(name).withDefaultTag) }
      image.names = []
    }
    return image
  }
}
