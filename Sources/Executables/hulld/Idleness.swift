// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Finds out when the daemon has nothing to do, and then gives back memory that only work needs: free heap, and the pages of its program, which
/// the kernel keeps as long as it has room.
struct Idleness {
  /// Seconds between two looks while there is work, and when memory has been given back.
  private static let (busy, idle) = (2, 10)
  /// Microseconds of work in that time that are none.
  private static let nothing = 50_000

  private var worked = 0
  private var hasGivenBack = false

  /// Gives the number of seconds after which to look again.
  mutating func look() -> Int {
    let before = worked
    worked = Self.processorTime()
    guard worked - before < Self.nothing else {
      hasGivenBack = false
      return Self.busy
    }
    if !hasGivenBack {
      hull_trim_heap()
      hull_trim_program()
      hasGivenBack = true
      worked = Self.processorTime()
    }
    return Self.idle
  }

  /// Microseconds, of all threads.
  private static func processorTime() -> Int {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000 + Int(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
  }
}
