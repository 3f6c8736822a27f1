// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Zeroed memory straight from the system: only pages that were touched count, and `trim` gives them back.
package final class Pages {
  package let base: UnsafeMutableRawPointer
  package let count: Int

  /// Ends the process when the system has no address space left: there is nothing a supervisor could then do.
  package init(_ count: Int) {
    self.count = count
    let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { abort() }
    base = memory
  }

  deinit { munmap(base, count) }

  /// Gives the memory's pages back; its content is zero afterwards.
  package func trim() { madvise(base, count, MADV_DONTNEED) }
}
