// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// JSON for looking into.
enum ParsedJSON {
  static func object(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }
}
