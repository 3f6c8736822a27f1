// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

extension Dockerfile {
  /// The stage that is to be built.
  /// - Parameter target: its name or number; `nil` or empty: the last.
  func stage(_ target: String?) throws(HullError) -> Stage {
    guard let last = stages.last else { throw HullError(.invalidArgument, "no build stage in current context") }
    guard let target, !target.isEmpty else { return last }
    if let found = stages.last(where: { $0.name == target.lowercased() }) { return found }
    if let number = Int(target), stages.indices.contains(number) { return stages[number] }
    throw HullError(
      .invalidArgument,
      "target stage \(quoted(target)) could not be found" + Suggestion.hint(for: target, in: stages.compactMap(\.name)))
  }
}
