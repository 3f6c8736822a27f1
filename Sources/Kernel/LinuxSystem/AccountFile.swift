// SPDX-License-Identifier: Apache-2.0

/// A file of lines with colons: passwd(5), group(5).
package struct AccountFile: Sendable {
  /// Bytes that such a file may have where it is not the host's own.
  package static let largest = 16 << 20
  private let bytes: [UInt8]

  package init(bytes: [UInt8]) { self.bytes = bytes }

  /// The fields of the first line that matches.
  package func first(where matches: ([String]) -> Bool) -> [String]? {
    for line in bytes.split(separator: 0x0a) {
      let fields = Self.fields(line)
      if matches(fields) { return fields }
    }
    return nil
  }

  /// The fields of all lines that match.
  package func all(where matches: ([String]) -> Bool) -> [[String]] { bytes.split(separator: 0x0a).map(Self.fields).filter(matches) }

  private static func fields(_ line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: 0x3a, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
  }
}
