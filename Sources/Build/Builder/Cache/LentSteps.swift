// SPDX-License-Identifier: Apache-2.0
import OCISpec
import Synchronization

/// What caches from elsewhere say that they have, for one build: nothing of it is here yet.
final class LentSteps: Sendable {
  /// One cache.
  final class Lender: Sendable {
    let name: String
    let origin: any CacheOrigin
    /// It has shown that it cannot give what it says it has.
    let isBroken = Mutex(false)

    init(name: String, origin: any CacheOrigin) { (self.name, self.origin) = (name, origin) }
  }

  struct Step: Sendable {
    let step: CacheDocument.Step
    /// Its layer; `nil`: it added nothing, or the cache has it only by its name.
    let blob: Descriptor?
    let lender: Lender

    /// What it added can be had.
    var isWhole: Bool { (blob == nil) == (step.diffID == nil) }
  }

  struct Mount: Sendable {
    let blob: Descriptor
    let lender: Lender
  }

  private struct State {
    var steps: [Digest: [Step]] = [:]
    var mounts: [String: [Mount]] = [:]
    /// What files were chosen, and the digest of their content.
    var selections: [Digest: (content: Digest, lender: Lender)] = [:]
  }

  private let state = Mutex(State())

  /// Takes the steps and cache mounts of a cache whose blobs are known; those before it go first.
  /// - Parameter blobs: what the cache's manifest lists, by digest.
  /// - Returns: how many it only claims to have.
  func add(_ document: CacheDocument, blobs: [Digest: Descriptor], from lender: Lender) -> Int {
    var missing = 0
    var found: [Step] = []
    for step in document.steps {
      let blob = step.blob.flatMap { blobs[$0] }
      // What it added must be there; a blob without a diff ID says nothing.
      guard (step.diffID == nil) == (step.blob == nil), step.blob == nil || blob != nil else {
        missing += 1
        continue
      }
      found.append(Step(step: step, blob: blob, lender: lender))
    }
    state.withLock { state in
      for step in found { state.steps[step.step.key, default: []].append(step) }
      for step in document.passing { state.steps[step.key, default: []].append(Step(step: step, blob: nil, lender: lender)) }
      for known in document.selections where state.selections[known.selection] == nil {
        state.selections[known.selection] = (known.content, lender)
      }
      for mount in document.mounts {
        guard let blob = blobs[mount.blob] else {
          missing += 1
          continue
        }
        state.mounts[mount.id, default: []].append(Mount(blob: blob, lender: lender))
      }
    }
    return missing
  }

  /// Who has the result of a step; the first is the first to ask.
  func steps(_ key: Digest) -> [Step] { state.withLock { $0.steps[key] ?? [] }.filter { !$0.lender.isBroken.withLock { $0 } } }

  /// The digest of what a selection gives, as a cache says.
  func content(of selection: Digest) -> Digest? {
    guard let known = state.withLock({ $0.selections[selection] }), !known.lender.isBroken.withLock({ $0 }) else { return nil }
    return known.content
  }

  /// Who has the files of a cache mount.
  func mounts(_ id: String) -> [Mount] { state.withLock { $0.mounts[id] ?? [] }.filter { !$0.lender.isBroken.withLock { $0 } } }
}
