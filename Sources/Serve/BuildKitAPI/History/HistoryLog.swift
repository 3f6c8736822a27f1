// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import Synchronization

/// A build's progress as it is kept: BuildKit's status messages, each after its length (32 bits, little-endian).
final class HistoryLog: Sendable {
  /// Bytes of messages with output that are kept; what comes beyond is dropped.
  static let limit = 16 << 20
  static let mediaType = "application/vnd.buildkit.status.v0"

  /// How many steps there were, and what became of them.
  struct Counts: Sendable, Equatable {
    var total = 0
    var cached = 0
    var completed = 0
    var warnings = 0
  }

  private struct State {
    var translation = ProgressTranslation()
    var bytes: [UInt8] = []
    /// By their digests, as they were told last; where each is in the order of their first appearance.
    var vertices: [ControlVertex] = []
    var places: [String: Int] = [:]
    var warnings = 0
  }
  private let state = Mutex(State())

  func add(_ event: BuildEvent) {
    state.withLock { state in
      state.translation.add(event)
      if state.translation.isLarge { Self.flush(&state) }
    }
  }

  /// A warning of the client's own.
  func warn(_ warning: ControlVertexWarning) { state.withLock { $0.translation.warn(warning) } }

  /// All there is, what it says of the steps, and the steps.
  func finish() -> (bytes: [UInt8], counts: Counts, vertices: [ControlVertex]) {
    state.withLock { state in
      Self.flush(&state)
      let vertices = state.vertices
      let counts = Counts(
        total: vertices.count, cached: vertices.count { $0.cached }, completed: vertices.count { $0.hasCompleted }, warnings: state.warnings)
      return (state.bytes, counts, vertices)
    }
  }

  private static func flush(_ state: inout State) {
    guard var news = state.translation.take() else { return }
    state.warnings += news.warnings.count
    for vertex in news.vertexes {
      if let place = state.places[vertex.digest] {
        state.vertices[place] = vertex
      } else {
        state.places[vertex.digest] = state.vertices.count
        state.vertices.append(vertex)
      }
    }
    if state.bytes.count > limit { (news.logs, news.statuses) = ([], []) }
    guard let message: [UInt8] = try? news.serializedBytes() else { return }
    state.bytes += withUnsafeBytes(of: UInt32(message.count).littleEndian, Array.init) + message
  }

  /// The messages of a log.
  static func messages(_ bytes: [UInt8]) throws(HullError) -> [ControlStatusResponse] {
    var messages: [ControlStatusResponse] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(4)
      guard length <= rest.count, let message = try? ControlStatusResponse(serializedBytes: Array(rest.prefix(length))) else {
        throw HullError(.internalError, "the log of the build is damaged")
      }
      messages.append(message)
      rest = rest.dropFirst(length)
    }
    return messages
  }
}
