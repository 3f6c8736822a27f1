// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Synchronization

extension Repository {
  /// Fetches what `target` misses of a blob: in parallel ranges when it is much, going on behind the last byte after a cut, from the next place
  /// when one fails. Sizes and ranges are verified here, the digest of the whole by the caller.
  /// - Parameters:
  ///   - avoiding: places that are not asked: those whose bytes had the wrong digest.
  ///   - progress: called with the number of bytes that were written since the last call, from any thread.
  /// - Returns: the places that bytes came from.
  @discardableResult
  package func fetch(
    _ blob: Descriptor, into target: any PartialBlob, avoiding: Set<String> = [], progress: @escaping @Sendable (Int64) -> Void = { _ in }
  ) async throws -> Set<String> {
    guard target.size == blob.size, blob.size >= 0 else {
      throw HullError(.invalidArgument, "\(reference.familiarName): blob \(blob.digest) has \(blob.size) bytes, but is received as \(target.size)")
    }
    return try await core.downloads.run {
      var reports = PlaceReports(reference, .blob(blob.digest))
      var sources: Set<String> = []
      let places = try await places().filter { !avoiding.contains($0.place.name) }
      for (index, client) in places.enumerated() {
        let received = Atomic<Bool>(false)
        // Where another place may help, nobody waits for one that is not there.
        let attempts = index == places.count - 1 ? Attempts(core.limits) : client.attempts
        let fetch = BlobFetch(client: client, blob: blob, target: target, attempts: attempts) { count in
          received.store(true, ordering: .relaxed)
          progress(count)
        }
        do {
          try await fetch.run()
          if received.load(ordering: .relaxed) { sources.insert(client.place.name) }
          return sources
        } catch let failure as PlaceFailure {
          if received.load(ordering: .relaxed) { sources.insert(client.place.name) }
          reports.add(client.place, failure)
        }
      }
      throw reports.error
    }
  }
}
