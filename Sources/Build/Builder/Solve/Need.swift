// SPDX-License-Identifier: Apache-2.0

/// What of a step's result is needed.
enum Need: Sendable, Hashable {
  /// Its chain ID, for the keys of what comes after it: layers of caches from elsewhere need not come for that, nor need there be any.
  case name
  /// All its layers.
  case files
}
