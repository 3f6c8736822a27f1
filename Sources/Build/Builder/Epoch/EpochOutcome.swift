// SPDX-License-Identifier: Apache-2.0
import Dockerfile

/// What `SOURCE_DATE_EPOCH` has come to: for those who declare it the number takes the place of what was written, or nothing does.
struct EpochOutcome {
  /// Since 1970.
  let seconds: Int64?

  func apply(to arguments: inout [String: String]) {
    guard arguments[SourceDateEpoch.name] != nil else { return }
    arguments[SourceDateEpoch.name] = seconds.map(String.init)
  }

  func apply(to dockerfile: inout Dockerfile) {
    for index in dockerfile.metaArguments.indices {
      guard case .argument(var list) = dockerfile.metaArguments[index].command else { continue }
      for place in list.indices where list[place].key == SourceDateEpoch.name { list[place].value = seconds.map(String.init) }
      dockerfile.metaArguments[index].command = .argument(list)
    }
  }
}
