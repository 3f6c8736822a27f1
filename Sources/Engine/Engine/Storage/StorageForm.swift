// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import ImageStore
import Layers

/// What the store says of its content, as the API shows it.
enum StorageForm {
  static func insides(_ image: ImageRecord, _ layers: [InsideLayer]) -> ImageInsides {
    var answer = ImageInsides()
    answer.id = image.id.description
    answer.size = image.size
    answer.layers = layers.map(layer)
    answer.wasted = layers.reduce(0) { $0 + $1.wasted }
    return answer
  }

  private static func layer(_ layer: InsideLayer) -> LayerInsides {
    var answer = LayerInsides()
    answer.diffID = layer.diffID?.description ?? ""
    answer.digest = layer.blob?.digest.description ?? ""
    answer.size = layer.size
    answer.compressedSize = layer.blob?.size ?? 0
    answer.createdBy = layer.createdBy
    answer.wasted = layer.wasted
    answer.wastedFiles = layer.wastedFiles.map { file in
      var answer = WastedFile()
      (answer.path, answer.size, answer.why, answer.layer) = (file.path, file.size, file.reason.rawValue, file.hiddenBy)
      return answer
    }
    return answer
  }

  static func change(_ change: StackDifference.Change) -> PathChange {
    var answer = PathChange()
    (answer.path, answer.kind, answer.what) = (change.path, change.kind.rawValue, change.what.map(\.rawValue))
    (answer.sizeFrom, answer.sizeTo) = (change.sizeFrom, change.sizeTo)
    return answer
  }

  static func change(_ difference: ConfigDifference) -> ConfigChange {
    var answer = ConfigChange()
    (answer.field, answer.from, answer.to) = (difference.field, difference.from, difference.to)
    return answer
  }

  static func kept(_ object: KeptObject) -> KeptObjectAnswer {
    var answer = KeptObjectAnswer()
    (answer.object, answer.kind, answer.size) = (object.object.description, object.kind.rawValue, object.size)
    answer.reasons = Set(object.reasons).sorted { ($0.kind, $0.name) < ($1.kind, $1.name) }.map { reason in
      var answer = KeepReasonAnswer()
      (answer.kind, answer.name) = (reason.kind.rawValue, reason.name)
      return answer
    }
    return answer
  }

  static func report(_ report: StoreReport) -> StoreCheckAnswer {
    var answer = StoreCheckAnswer()
    (answer.checked.blobs, answer.checked.layers, answer.checked.images) = (report.blobs, report.layers, report.images)
    (answer.checked.files, answer.checked.bytes) = (report.files, report.bytes)
    answer.problems = report.problems.map { problem in
      var answer = ProblemAnswer()
      (answer.object, answer.problem, answer.bytes) = (problem.object, problem.problem, problem.bytes)
      (answer.mended, answer.fix) = (problem.mended, problem.fix)
      return answer
    }
    return answer
  }
}
