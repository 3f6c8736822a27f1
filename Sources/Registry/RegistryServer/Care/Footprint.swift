// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// Keeps what is resident small: pages of the program that only the start needed, and heap that a large manifest needed, go back.
struct Footprint {
  /// Bytes above which it is worth the page faults.
  private static let limit = 30 << 20
  /// Seconds between two times.
  private static let pause: Int64 = 10
  private var last: Int64 = 0

  /// Called once a second.
  mutating func look() {
    guard Clock.seconds - last >= Self.pause, let resident = Self.resident(), resident > Self.limit else { return }
    last = Clock.seconds
    hull_trim_heap()
    hull_trim_program()
  }

  private static func resident() -> Int? {
    guard let text = try? Files.readText("/proc/self/statm") else { return nil }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return pages.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) }
  }
}
