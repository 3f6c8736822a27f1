// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// The parts of vertices that are under way: each began when it was first told of, and is done at the latest when its vertex is.
struct OpenParts {
  private struct Part {
    var id: String
    var current: Int64
    var total: Int64
    var started: Int64
  }

  /// In the order in which they began, by the vertex.
  private var parts: [Digest: [Part]] = [:]

  /// The events that stand for one: what is still open of a vertex that is done goes before that.
  mutating func complete(_ event: BuildEvent) -> [BuildEvent] {
    switch event {
    case .progress(let vertex, let id, let current, let total, let started, let completed):
      return [note(Part(id: id, current: current, total: total, started: started), of: vertex, completed)]
    case .finished(let vertex, let time, _, let error):
      let open = parts.removeValue(forKey: vertex) ?? []
      guard error == nil else { return [event] }
      return open.map { .progress(vertex, id: $0.id, current: max($0.current, $0.total), total: $0.total, started: $0.started, completed: time) } + [
        event
      ]
    default: return [event]
    }
  }

  private mutating func note(_ part: Part, of vertex: Digest, _ completed: Int64?) -> BuildEvent {
    var (part, all) = (part, parts[vertex] ?? [])
    if let place = all.firstIndex(where: { $0.id == part.id }) {
      part.started = all[place].started
      if completed == nil { all[place] = part } else { all.remove(at: place) }
    } else if completed == nil {
      all.append(part)
    }
    parts[vertex] = all
    return .progress(vertex, id: part.id, current: part.current, total: part.total, started: part.started, completed: completed)
  }
}
