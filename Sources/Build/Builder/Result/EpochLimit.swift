// SPDX-License-Identifier: Apache-2.0
import OCISpec

extension ImageConfig {
  /// Lets no time be later than a given one, as BuildKit's exporters do.
  /// - Parameters:
  ///   - epoch: seconds since 1970.
  ///   - inherited: how many lines of the history are the base image's: they stay as they are.
  mutating func limitTimes(to epoch: Int64, inherited: Int) {
    let latest = epoch &* 1_000_000_000
    func isLate(_ time: String?) -> Bool { time.flatMap(RFC3339.nanoseconds).map { $0 > latest } ?? true }
    for index in history.indices.dropFirst(inherited) where isLate(history[index].created) {
      history[index].created = RFC3339.text(nanoseconds: latest)
    }
    if isLate(created) { created = RFC3339.text(nanoseconds: latest) }
  }
}
