// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// A blob that is there whole, to be sent.
package protocol BlobReader: Sendable {
  /// Reads at `offset` into `buffer`, as much as is convenient. Blocking; called from any thread, one at a time.
  /// - Returns: bytes read; 0 only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(HullError) -> Int
}

/// How a blob came to be in the registry.
package enum PushOutcome: Sendable, Hashable {
  /// It was there.
  case exists
  /// The registry took it over from another repository.
  case mounted(from: Reference)
  /// Its bytes were sent.
  case pushed
}
