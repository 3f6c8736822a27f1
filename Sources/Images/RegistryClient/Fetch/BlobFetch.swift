// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Fetches what is missing of one blob from one place.
struct BlobFetch: Sendable {
  let client: PlaceClient
  let blob: Descriptor
  let target: any PartialBlob
  /// How often each connection tries again.
  let attempts: Attempts
  let progress: @Sendable (Int64) -> Void

  var core: ClientCore { client.core }

  /// Returns when nothing is missing.
  /// - Throws: `PlaceFailure` when the place is given up; `HullError` when bytes cannot be written here.
  func run() async throws {
    do {
      try await inSegments(try await missing())
    } catch let failure as PlaceFailure where failure.kind == .ignoredRange {
      try await inOnePiece()
    }
    guard try await missing().isEmpty else {
      throw HullError(.internalError, "blob \(blob.digest): all bytes were written, but some are still missing")
    }
  }

  /// What has not been written.
  func missing() async throws -> [Range<Int64>] {
    try await core.threads.run { [target] () throws(HullError) in try target.missing() }
  }

  /// Several connections, each with a segment of its own. The first answer says whether the place understands ranges at all.
  private func inSegments(_ missing: [Range<Int64>]) async throws {
    let queue = SegmentQueue(missing, segment: core.limits.segment)
    let workers = min(queue.count, core.limits.connectionsPerBlob)
    guard workers > 0 else { return }
    try await withThrowingTaskGroup(of: Void.self) { group in
      let (answers, answered) = AsyncStream.makeStream(of: Void.self)
      group.addTask {
        defer { answered.finish() }
        try await work(queue) { answered.yield() }
      }
      for await _ in answers {
        for _ in 1..<workers { group.addTask { try await work(queue) } }
        break
      }
      try await group.waitForAll()
    }
  }

  private func work(_ queue: SegmentQueue, answered: @Sendable () -> Void = {}) async throws {
    while let segment = queue.take() { try await fetch(segment, answered: answered) }
  }

  /// Fetches one segment, going on behind its last byte as long as something comes.
  private func fetch(_ segment: Range<Int64>, answered: @Sendable () -> Void) async throws {
    let cursor = Cursor(segment.lowerBound)
    var attempts = attempts
    while cursor.position < segment.upperBound {
      let start = cursor.position
      do {
        try await core.connections.run {
          let incoming = try await open(start..<segment.upperBound)
          guard incoming.range.lowerBound == start, incoming.range.upperBound <= segment.upperBound else {
            throw PlaceFailure(.ignoredRange, "ranges are ignored")
          }
          answered()
          try await receive(incoming, wanted: [start..<incoming.range.upperBound], cursor)
        }
      } catch let failure as PlaceFailure {
        if cursor.position > start { attempts.progressed() }
        guard failure.kind != .ignoredRange, let pause = attempts.pause(after: failure) else { throw failure }
        try await Task.sleep(for: pause)
      }
    }
  }

  /// One connection for everything, from a place that sends the whole blob whatever is asked for: what is there already is skipped.
  private func inOnePiece() async throws {
    var attempts = attempts
    while true {
      let missing = try await missing()
      guard let first = missing.first, let last = missing.last else { return }
      let cursor = Cursor(first.lowerBound)
      do {
        try await core.connections.run {
          let incoming = try await open(first.lowerBound..<blob.size)
          try await receive(incoming, wanted: missing, until: last.upperBound, cursor)
        }
      } catch let failure as PlaceFailure {
        if cursor.position > first.lowerBound { attempts.progressed() }
        guard let pause = attempts.pause(after: failure) else { throw failure }
        try await Task.sleep(for: pause)
      }
    }
  }

  private func receive(_ incoming: Incoming, wanted: [Range<Int64>], until end: Int64? = nil, _ cursor: Cursor) async throws {
    let reception = Reception(fetch: self, incoming: incoming, wanted: wanted, end: end ?? incoming.range.upperBound, cursor: cursor)
    try await withStallGuard(core.limits.stallTimeout, incoming.answer.call) { try await reception.run($0) }
  }
}
