// SPDX-License-Identifier: Apache-2.0
import Errors
import Layers
import OCISpec

extension ImageStore {
  /// How two images differ.
  /// - Parameters:
  ///   - begin: told which images they are and how their configurations differ, before the first path.
  ///   - report: told of each path; see `StackDifference.find`.
  package func difference(
    from: String, to: String, platform: Platform? = nil,
    begin: (_ from: ImageRecord, _ to: ImageRecord, [ConfigDifference]) throws(HullError) -> Void,
    report: (StackDifference.Change) throws(HullError) -> Void
  ) throws(HullError) {
    let (old, new) = (try resolve(from, platform: platform), try resolve(to, platform: platform))
    for (name, record) in [(from, old), (to, new)] {
      if let type = record.artifactType { throw HullError(.invalidArgument, "\(name) is an artifact (\(type)), not an image: it has no files") }
    }
    try keepingLayers(of: [old.id, new.id]) { (layers) throws(HullError) in
      try begin(old, new, ConfigDifference.find(old.config, new.config))
      func directories(_ layers: [LayerInfo]) -> [String] { layers.reversed().map { self.layers.path(of: $0.chain) } }
      try StackDifference.find(from: directories(layers[0]), to: directories(layers[1]), report: report)
    }
  }
}

/// One member of two images' configurations that is not the same.
package struct ConfigDifference: Sendable, Hashable {
  /// As the configuration calls it; of maps with the key behind a dot: `Labels.version`, `Env.PATH`.
  package let field: String
  /// As text, lists as JSON; empty: it is not there.
  package let from: String
  package let to: String

  /// Sorted by field. When the images were made, and the history of how, is not compared.
  package static func find(_ from: ImageConfig, _ to: ImageConfig) throws(HullError) -> [ConfigDifference] {
    let (old, new) = (try fields(from), try fields(to))
    return Set(old.keys).union(new.keys).sorted().compactMap { field in
      let (old, new) = (old[field] ?? "", new[field] ?? "")
      return old == new ? nil : ConfigDifference(field: field, from: old, to: new)
    }
  }

  private static func fields(_ image: ImageConfig) throws(HullError) -> [String: String] {
    let config = image.config
    var fields = [
      "Architecture": image.architecture, "Os": image.os, "Variant": image.variant ?? "", "OsVersion": image.osVersion ?? "",
      "Author": image.author ?? "", "Comment": image.comment ?? "", "User": config.user ?? "", "WorkingDir": config.workingDirectory ?? "",
      "StopSignal": config.stopSignal ?? "", "StopTimeout": config.stopTimeout.map(String.init) ?? "",
      "Healthcheck": try config.healthcheck.map(text) ?? "",
    ]
    let lists = [
      "Entrypoint": config.entrypoint, "Cmd": config.command, "OnBuild": config.onBuild, "Shell": config.shell,
      "ExposedPorts": config.exposedPorts?.sorted(), "Volumes": config.volumes?.sorted(),
    ]
    for (field, list) in lists { if let list, !list.isEmpty { fields[field] = try text(list) } }
    for (key, value) in config.labels ?? [:] { fields["Labels.\(key)"] = value }
    for variable in config.environment ?? [] {
      let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      fields["Env.\(parts[0])"] = parts.count > 1 ? parts[1] : ""
    }
    return fields
  }

  private static func text(_ value: some Encodable) throws(HullError) -> String { String(decoding: try JSON.encode(value), as: UTF8.self) }
}
