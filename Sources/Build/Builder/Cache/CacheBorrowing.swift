// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Threads

/// Takes results of steps from caches from elsewhere: their blobs come now, when a step needs them.
struct CacheBorrowing: Sendable {
  let store: BuildStore
  let telling: StepTelling

  /// `nil`: no cache has its layer, or none can give it. A cache that breaks its promise is not asked again in this build.
  func result(_ key: Digest, of step: Step, above base: FileSystem, standsAlone: Bool, site: String) async throws -> FileSystem? {
    for lent in store.lent.steps(key) where lent.isWhole && (standsAlone || lent.step.base == base.chain) {
      do {
        telling.start(step)
        if let blob = lent.blob { try await obtain(blob, from: lent.lender, progress: telling.report.progress(of: step)) }
        return try await Blocking.stream { [store] in try store.borrow(lent, above: base, site: site) }
      } catch {
        try Task.checkCancellation()
        give(up: lent.lender, error)
      }
    }
    return nil
  }

  /// The blob of what a cache mount begins with, in the store; `nil`: no cache has one, or none can give it.
  func mount(_ id: String) async throws -> Descriptor? {
    for lent in store.lent.mounts(id) {
      do {
        try await obtain(lent.blob, from: lent.lender) { _, _, _ in }
        return lent.blob
      } catch {
        try Task.checkCancellation()
        give(up: lent.lender, error)
      }
    }
    return nil
  }

  private func obtain(
    _ blob: Descriptor, from lender: LentSteps.Lender, progress: @escaping @Sendable (String, Int64, Int64) -> Void
  ) async throws {
    store.claim(blobs: [blob.digest])
    try await lender.origin.obtain(blob) { progress("fetching sha256:\(blob.digest.short)", $0, blob.size) }
  }

  private func give(up lender: LentSteps.Lender, _ error: any Error) {
    let isFirst = lender.isBroken.withLock { isBroken in
      defer { isBroken = true }
      return !isBroken
    }
    if isFirst { telling.report.warn(.cache("the cache \(lender.name) is not used any more: \(error)")) }
  }
}
