// SPDX-License-Identifier: Apache-2.0
import Errors

/// A version of the Docker Engine API: `1.50`.
package struct APIVersion: Sendable, Equatable, Comparable, CustomStringConvertible {
  package let major: Int
  package let minor: Int

  package init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// `nil` when `text` is not two small numbers with a dot between.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ (1...4).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let major = Int(parts[0]), let minor = Int(parts[1])
    else { return nil }
    self.init(major, minor)
  }

  package var description: String { "\(major).\(minor)" }

  package static func < (left: APIVersion, right: APIVersion) -> Bool { (left.major, left.minor) < (right.major, right.minor) }
}

/// The versions a server speaks.
package struct APIVersions: Sendable, Equatable {
  package var minimum = APIVersion(1, 24)
  package var maximum = APIVersion(1, 50)
  package init() {}

  /// Throws `invalidArgument`, in Docker's words, when a client asks for one outside the range.
  package func check(_ version: APIVersion) throws(HullError) {
    if version > maximum {
      throw HullError(.invalidArgument, "client version \(version) is too new. Maximum supported API version is \(maximum)")
    }
    if version < minimum {
      throw HullError(
        .invalidArgument,
        "client version \(version) is too old. Minimum supported API version is \(minimum), please upgrade your client to a newer version")
    }
  }
}
