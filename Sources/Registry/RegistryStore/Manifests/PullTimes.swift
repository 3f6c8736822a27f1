// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Tags that were pulled and not yet written down.
final class PullTimes: Sendable {
  private struct Key: Hashable {
    let name: RepositoryName
    let tag: String
  }

  private let times = Mutex<[Key: Int64]>([:])

  func note(_ tag: String, in name: RepositoryName) {
    times.withLock { $0[Key(name: name, tag: tag)] = RegistryStore.now() }
  }

  func pending(_ tag: String, in name: RepositoryName) -> Int64? { times.withLock { $0[Key(name: name, tag: tag)] } }

  func take() -> [(RepositoryName, String)] {
    let taken = times.withLock { times in
      defer { times.removeAll() }
      return times.keys
    }
    return taken.map { ($0.name, $0.tag) }
  }
}
