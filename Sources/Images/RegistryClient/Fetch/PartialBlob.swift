// SPDX-License-Identifier: Apache-2.0
import Errors

/// A blob that is being received, in pieces and in any order: what a cut or a crash leaves is gone on with.
package protocol PartialBlob: Sendable {
  /// bytes, of the whole
  var size: Int64 { get }

  /// What is not written yet, in ascending order, without overlap. Blocking.
  func missing() throws(HullError) -> [Range<Int64>]

  /// Stores bytes that belong at `offset`. Blocking; called from several threads at a time, for ranges that do not overlap.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(HullError)
}
