// SPDX-License-Identifier: Apache-2.0
import Glibc

extension timespec {
  /// Nanoseconds since 1970 as far as they go, the years 1678 to 2261: file systems may have later ones.
  package var nanoseconds: Int64 { min(max(Int64(tv_sec), -9_200_000_000), 9_200_000_000) * 1_000_000_000 + Int64(tv_nsec) }
}
