// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Dockerfile
import Glibc
import OCISpec
import SwiftProtobuf

/// A build's events as BuildKit's status messages (moby.buildkit.v1.StatusResponse).
struct ProgressTranslation {
  private var pending = ControlStatusResponse()
  /// All that is known of each vertex: a message about one repeats it.
  private var vertices: [Digest: ControlVertex] = [:]
  /// Where in `pending` a vertex is.
  private var places: [Digest: Int] = [:]
  /// Vertices that clients are not told of.
  private var unseen: Set<Digest> = []
  private var outputBytes = 0
  private var clipped: Set<Digest> = []

  var isEmpty: Bool {
    pending.vertexes.isEmpty && pending.statuses.isEmpty && pending.logs.isEmpty && pending.warnings.isEmpty
  }

  /// There is much output in it.
  var isLarge: Bool { outputBytes > ProgressLog.outputLimit / 16 }

  /// What has been added since the last call; `nil` for nothing.
  mutating func take() -> ControlStatusResponse? {
    guard !isEmpty else { return nil }
    defer {
      pending = ControlStatusResponse()
      places = [:]
      outputBytes = 0
    }
    return pending
  }

  mutating func add(_ event: BuildEvent) {
    switch event {
    // What only changes the configuration is no vertex of BuildKit's.
    case .planned(let steps):
      for step in steps {
        if step.isMetadata { unseen.insert(step.id) } else { plan(step) }
      }
    case .started(let id, let time):
      update(id) { vertex in
        vertex.started = .init(nanoseconds: time)
        // It may have been told as a cache's before.
        vertex.clearCompleted()
        vertex.cached = false
      }
    case .finished(let id, let time, let cached, let error):
      update(id) { vertex in
        if !vertex.hasStarted { vertex.started = .init(nanoseconds: time) }
        (vertex.completed, vertex.cached, vertex.error) = (.init(nanoseconds: time), cached, error ?? "")
      }
    case .output(let id, let stream, let bytes, let time): log(id, stream, bytes, time)
    case .progress(let id, let name, let current, let total, let started, let completed):
      var status = ControlVertexStatus()
      (status.id, status.name, status.vertex, status.current, status.total) = (name, name, id.description, current, total)
      // Clients and tests know transfers by this name, whatever is transferred.
      if name.hasPrefix("transferring ") { status.name = "transferring" }
      status.started = .init(nanoseconds: started)
      if let completed { status.completed = .init(nanoseconds: completed) }
      status.timestamp = .init(nanoseconds: completed ?? Self.now)
      pending.statuses.append(status)
    case .warning(let id, let warning): warn(ControlVertexWarning(warning, vertex: id))
    case .explained(let id, let text): log(id, 2, Array((text + "\n").utf8), Self.now)
    case .result: break
    }
  }

  mutating func warn(_ warning: ControlVertexWarning) { pending.warnings.append(warning) }

  private mutating func plan(_ step: BuildVertex) {
    update(step.id) { vertex in
      (vertex.name, vertex.inputs) = (step.name, step.inputs.map(\.description))
    }
  }

  private mutating func update(_ id: Digest, _ change: (inout ControlVertex) -> Void) {
    guard !unseen.contains(id) else { return }
    var vertex = vertices[id] ?? ControlVertex()
    vertex.digest = id.description
    change(&vertex)
    vertices[id] = vertex
    if let place = places[id] {
      pending.vertexes[place] = vertex
    } else {
      places[id] = pending.vertexes.count
      pending.vertexes.append(vertex)
    }
  }

  private mutating func log(_ id: Digest, _ stream: Int, _ bytes: [UInt8], _ time: Int64) {
    var bytes = bytes
    if outputBytes + bytes.count > ProgressLog.outputLimit {
      guard clipped.insert(id).inserted else { return }
      bytes = Array("[output clipped: it came faster than it was read]\n".utf8)
    }
    outputBytes += bytes.count
    var entry = ControlVertexLog()
    (entry.vertex, entry.stream, entry.msg, entry.timestamp) = (id.description, Int64(stream), .init(bytes), .init(nanoseconds: time))
    pending.logs.append(entry)
  }

  /// Nanoseconds since 1970.
  static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension ControlVertexWarning {
  init(_ warning: BuildWarning, vertex id: Digest?) {
    self.init()
    (vertex, level, url) = (id?.description ?? "", 1, warning.url)
    let line = warning.location.map { " (line \($0.startLine))" } ?? ""
    short = .init("\(warning.rule.isEmpty ? "" : "\(warning.rule): ")\(warning.message)\(line)".utf8)
    detail = [.init(warning.description.utf8)]
    if let location = warning.location { ranges = location.lines.map(LLBRange.init(line:)) }
  }
}

extension LLBRange {
  init(line: Int) {
    self.init()
    (start.line, end.line) = (Int32(clamping: line), Int32(clamping: line))
  }
}
