// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Bytes that come in pieces.
final class Collected: Sendable {
  private let bytes = Mutex<[UInt8]>([])

  /// - Returns: how many there are now.
  func add(_ more: [UInt8]) -> Int {
    bytes.withLock { bytes in
      bytes += more
      return bytes.count
    }
  }

  var all: [UInt8] { bytes.withLock { $0 } }
}
