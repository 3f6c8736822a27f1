// SPDX-License-Identifier: Apache-2.0
import Errors

/// `SOURCE_DATE_EPOCH` (reproducible-builds.org): the time that everything in an image is to have.
package enum SourceDateEpoch {
  package static let name = "SOURCE_DATE_EPOCH"

  /// - Parameter text: seconds since 1970.
  package static func seconds(_ text: String) throws(HullError) -> Int64 {
    guard let seconds = Int64(text) else {
      throw HullError(.invalidArgument, "invalid SOURCE_DATE_EPOCH: \(text): use seconds since 1970")
    }
    return seconds
  }
}
