// SPDX-License-Identifier: Apache-2.0
import Errors

/// The names that a volume can have: each is the name of a directory.
package enum VolumeName {
  /// Throws `invalidArgument` in Docker's words.
  package static func check(_ name: String) throws(HullError) {
    let bytes = Array(name.utf8)
    guard bytes.count > 1 else {
      throw HullError(.invalidArgument, "create \(name): volume name is too short, names should be at least two alphanumeric characters")
    }
    guard isAlphanumeric(bytes[0]), bytes.allSatisfy({ isAlphanumeric($0) || punctuation.contains($0) }) else {
      throw HullError(
        .invalidArgument,
        "create \(name): \"\(name)\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. "
          + "If you intended to pass a host directory, use absolute path")
    }
    guard bytes.count <= longest else {
      throw HullError(.invalidArgument, "create \(name): volume name is too long: choose one of at most \(longest) characters")
    }
  }

  /// What a directory's name can have (NAME_MAX).
  private static let longest = 255
  private static let punctuation = Set("_.-".utf8)

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    default: false
    }
  }
}
