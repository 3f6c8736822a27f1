// SPDX-License-Identifier: Apache-2.0

/// Names of files that operations under way work on: nobody may take what they stand for as left over.
package final class NamesInUse: Sendable {
  private let counts = Monitor<[String: Int]>([:])

  package init() {}

  /// To be called before the file is made.
  package func add(_ name: String) { counts.with { $0[name, default: 0] += 1 } }

  /// To be called when the file has gone, or has another name.
  package func drop(_ name: String) { counts.with { counts in counts[name] = counts[name].flatMap { $0 > 1 ? $0 - 1 : nil } } }

  package func contains(_ name: String) -> Bool { counts.with { $0[name] != nil } }

  /// Runs `body` unless somebody works on the name; nobody begins to meanwhile.
  /// - Returns: `nil` when somebody does.
  package func unlessUsed<Result, Failure: Error>(_ name: String, _ body: () throws(Failure) -> Result) throws(Failure) -> Result? {
    try counts.with { (counts) throws(Failure) -> Result? in counts[name] == nil ? try body() : nil }
  }
}
