// SPDX-License-Identifier: Apache-2.0
import OCISpec
import Synchronization

/// What steps of a build took from file systems: digests of selections (`SelectionKey`) and of the files that they gave.
final class KnownSelections: Sendable {
  private let known = Mutex<[Digest: Digest]>([:])

  func note(_ selection: Digest, _ content: Digest) { known.withLock { $0[selection] = content } }

  func content(of selection: Digest) -> Digest? { known.withLock { $0[selection] } }

  var all: [CacheDocument.Selection] { known.withLock { $0 }.map { CacheDocument.Selection(selection: $0.key, content: $0.value) } }
}

extension BuildStore {
  /// The digest of the files that a selection gives where they are not here: as this build has seen them, or as a cache from elsewhere says. A wrong one
  /// leads to keys that nobody has, or to a layer that its writer could have put there itself.
  func content(of selection: Digest) -> Digest? {
    if let content = selections.content(of: selection) { return content }
    guard let content = lent.content(of: selection) else { return nil }
    selections.note(selection, content)
    return content
  }
}
