// SPDX-License-Identifier: Apache-2.0

/// Progress as JSON, a line for each event (docs/reference/api.md), for other programs.
final class JSONBuildDisplay: BuildDisplay {
  private let write: (String) -> Void

  init(write: @escaping (String) -> Void) { self.write = write }

  func show(_ news: BuildNews) { write(json(news).encoded() + "\n") }
  func tick() {}
  func end(failed: Bool) {}

  private func json(_ news: BuildNews) -> JSON {
    switch news {
    case .planned(let steps):
      return ["type": "planned", "vertices": .array(steps.map { ["vertex": .int($0.number), "name": .string($0.name)] })]
    case .started(let number, let time): return ["type": "started", "vertex": .int(number), "time": .int(Int(time))]
    case .finished(let number, let time, let cached, let error):
      return [
        "type": "finished", "vertex": .int(number), "time": .int(Int(time)), "cached": .bool(cached), "error": error.map { .string($0) } ?? .null,
      ]
    case .output(let number, let stream, let bytes, let time):
      return [
        "type": "output", "vertex": .int(number), "stream": .int(stream), "time": .int(Int(time)),
        "data": .string(String(decoding: bytes, as: UTF8.self)),
      ]
    case .progress(let number, let id, let current, let total, let isDone):
      return [
        "type": "progress", "vertex": .int(number), "id": .string(id), "current": .int(Int(current)), "total": .int(Int(total)),
        "done": .bool(isDone),
      ]
    case .warning(let warning):
      return [
        "type": "warning", "rule": .string(warning.rule), "message": .string(warning.message), "description": .string(warning.description),
        "url": .string(warning.url), "line": .int(warning.line),
      ]
    case .explained(let number, let text): return ["type": "explained", "vertex": .int(number), "text": .string(text)]
    }
  }
}
