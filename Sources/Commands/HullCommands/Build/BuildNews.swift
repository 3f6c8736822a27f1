// SPDX-License-Identifier: Apache-2.0

/// What happens in a build, as this side shows it. Steps go by the engine's numbers; times are nanoseconds since 1970.
enum BuildNews {
  struct Step {
    var number: Int
    var name: String
    /// It only changes the configuration: not shown.
    var isMetadata = false
  }

  struct Warning: Equatable {
    var rule: String
    var message: String
    var description: String
    var url: String
    var line: Int
  }

  case planned([Step])
  case started(Int, time: Int64)
  case finished(Int, time: Int64, cached: Bool, error: String?)
  case output(Int, stream: Int, bytes: [UInt8], time: Int64)
  case progress(Int, id: String, current: Double, total: Double, isDone: Bool)
  case warning(Warning)
  case explained(Int, String)

  /// `nil`: an event that this client does not know.
  init?(_ event: JSON) {
    let number = event["vertex"].int ?? 0
    let time = Int64(event["time"].int ?? 0)
    switch event["type"].text {
    case "planned":
      self = .planned(
        event["vertices"].array.map {
          Step(number: $0["vertex"].int ?? 0, name: $0["name"].text, isMetadata: $0["isMetadata"].bool ?? false)
        })
    case "started": self = .started(number, time: time)
    case "finished": self = .finished(number, time: time, cached: event["cached"].bool ?? false, error: event["error"].string)
    case "progress":
      self = .progress(
        number, id: event["id"].text, current: event["current"].double ?? 0, total: event["total"].double ?? 0, isDone: !event["completed"].isNull)
    case "warning": self = .warning(Warning(event["warning"]))
    case "explained": self = .explained(number, event["text"].text)
    default: return nil
    }
  }
}

extension BuildNews.Warning {
  init(_ warning: JSON) {
    self.init(
      rule: warning["rule"].text, message: warning["message"].text, description: warning["description"].text, url: warning["url"].text,
      line: warning["location"]["start"].int ?? 0)
  }
}

/// Shows a build's news.
protocol BuildDisplay: AnyObject {
  func show(_ news: BuildNews)
  /// Time has passed.
  func tick()
  /// The build has ended; what comes next stands below.
  func end(failed: Bool)
}

/// Shows nothing.
final class QuietBuildDisplay: BuildDisplay {
  func show(_ news: BuildNews) {}
  func tick() {}
  func end(failed: Bool) {}
}
