// SPDX-License-Identifier: Apache-2.0

/// What this client is.
enum HullVersion {
  static let current = "0.1.0"
  static let commit = "source"
  /// The Docker Engine API that the client's requests follow.
  static let api = "1.50"
}
