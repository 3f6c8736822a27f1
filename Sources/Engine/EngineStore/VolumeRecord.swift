// SPDX-License-Identifier: Apache-2.0

/// A volume as the database keeps it.
package struct VolumeRecord: Sendable, Equatable {
  package var name: String
  /// Nanoseconds since 1970.
  package var created: Int64
  /// Made without a name: it goes with the container that it was made for.
  package var anonymous: Bool
  /// As the client gave them; `nil`: it gave none.
  package var labels: [String: String]?
  /// Options of the driver `local`: `type`, `o`, `device`, `size`.
  package var options: [String: String]?
  /// A rename to this name has begun.
  package var renaming: String?

  package init(
    name: String, created: Int64, anonymous: Bool, labels: [String: String]? = nil, options: [String: String]? = nil, renaming: String? = nil
  ) {
    self.name = name
    self.created = created
    self.anonymous = anonymous
    self.labels = labels
    self.options = options
    self.renaming = renaming
  }
}
