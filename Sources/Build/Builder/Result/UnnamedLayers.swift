// SPDX-License-Identifier: Apache-2.0
import OCISpec

extension FileSystem {
  /// Lines for those layers that a history does not tell of: a client's graph has no instructions that they are from.
  /// - Parameter time: of the lines; `nil`: when each layer was made.
  func history(beyond lines: [ImageConfig.History], time: String?) -> [ImageConfig.History] {
    layers.dropFirst(lines.count { $0.emptyLayer != true }).map { layer in
      let made = layer.created.map { RFC3339.text(nanoseconds: $0) }
      return ImageConfig.History(created: time ?? made, createdBy: "", comment: "buildkit.exporter.image.v0")
    }
  }
}
