// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import Layers
import OCISpec

/// Puts the configuration of an image together from what was planned and what the steps gave.
///
/// Times come from the layers, so that a build that is wholly in the cache gives the same image again; the rules are BuildKit's.
struct ImageAssembly {
  let request: BuildRequest
  let plan: BuildPlan
  let fileSystem: FileSystem
  /// What each step that made a layer gave, by its vertex.
  let layers: [Digest: FileSystem]

  func config() throws(HullError) -> ImageConfig {
    let state = plan.target
    if request.tellsConfiguration, state.base == nil, state.history.isEmpty, request.labels.isEmpty, fileSystem.layers.isEmpty {
      throw HullError(.invalidArgument, "No image was generated. Is your Dockerfile empty?")
    }
    var config = ImageConfig(platform: platform, config: state.config, diffIDs: fileSystem.infos.map(\.diffID))
    config.config.labels = labels(state.config.labels)
    config.author = state.author ?? state.base?.author
    config.history = history(state)
    config.created =
      config.history.last { $0.created != nil }?.created ?? state.base?.created ?? epochText ?? RFC3339.text(nanoseconds: BuildClock.now())
    return config
  }

  /// What the image says that it runs on: what was asked for, where something was; otherwise what its base does.
  var platform: Platform {
    let own = plan.target.platform
    guard !request.platforms.isEmpty else { return own }
    var result = plan.platform.normalized
    result.osFeatures = result.osFeatures ?? own.osFeatures
    guard (own.os, own.architecture) == (result.os, result.architecture) else { return result }
    result.variant = result.variant ?? own.normalized.variant
    result.osVersion = result.osVersion ?? own.osVersion
    return result
  }

  private var epochText: String? { request.sourceDateEpoch.map { RFC3339.text(nanoseconds: $0 &* 1_000_000_000) } }

  private func labels(_ own: [String: String]?) -> [String: String]? {
    let all = (own ?? [:]).merging(request.labels) { $1 }
    return all.isEmpty ? own : all
  }

  private func history(_ state: StageState) -> [ImageConfig.History] {
    var lines = state.base?.history ?? []
    let inherited = lines.count
    var below = state.base?.rootfs.diffIDs.count ?? 0
    for planned in state.history {
      var line = ImageConfig.History(created: epochText, createdBy: planned.createdBy, author: state.author, comment: "buildkit.dockerfile.v0")
      line.emptyLayer = true
      if let step = planned.step, let after = layers[step.vertex.id], after.layers.count > below {
        below = after.layers.count
        line.emptyLayer = nil
        line.created = epochText ?? after.layers.last?.created.map { RFC3339.text(nanoseconds: $0) }
      }
      lines.append(line)
    }
    fillTimes(&lines, from: inherited)
    return request.graph == nil ? lines : lines + fileSystem.history(beyond: lines, time: epochText)
  }

  /// A line without a layer gets the time of the layer before it, or of the first one after.
  private func fillTimes(_ lines: inout [ImageConfig.History], from start: Int) {
    var time =
      lines[start...].first { $0.created != nil }?.created ?? lines[..<start].last { $0.created != nil }?.created ?? plan.target.base?.created
    for index in lines.indices.dropFirst(start) {
      if let own = lines[index].created { time = own } else { lines[index].created = time }
    }
  }
}
