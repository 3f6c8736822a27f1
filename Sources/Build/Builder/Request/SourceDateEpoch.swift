// SPDX-License-Identifier: Apache-2.0

/// `SOURCE_DATE_EPOCH` (reproducible-builds.org): the time that everything in an image is to have.
package enum SourceDateEpoch {
  package static let name = "SOURCE_DATE_EPOCH"
}

/// Which time an output's files and documents get at most (`source-date-epoch` of BuildKit's exporters).
package enum OutputEpoch: Sendable, Hashable {
  /// The build's.
  case ofBuild
  /// None: times stay as they are.
  case none
  /// Seconds since 1970.
  case seconds(Int64)

  /// Seconds since 1970; `nil`: times stay as they are.
  func seconds(of request: BuildRequest) -> Int64? {
    switch self {
    case .ofBuild: request.sourceDateEpoch
    case .none: nil
    case .seconds(let seconds): seconds
    }
  }
}
