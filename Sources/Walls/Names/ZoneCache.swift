// SPDX-License-Identifier: Apache-2.0
import DNS
import Glibc
import LinuxSystem
import ShimLoop

/// A zone's file, read again when it is another one.
struct ZoneCache {
  /// What tells one file from the next that was renamed to its place.
  private struct Identity: Equatable {
    let device: UInt64
    let number: UInt64
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init(_ status: stat) {
      device = UInt64(status.st_dev)
      number = UInt64(status.st_ino)
      size = Int(status.st_size)
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
    }
  }

  let path: String
  private var identity: Identity?
  private var zone: Zone?

  init(_ path: String) { self.path = path }

  /// The zone as the file has it now; `nil` when there is no such file or it holds no zone: then the network has no names.
  mutating func current() -> Zone? {
    var status = stat()
    guard stat(path, &status) == 0, status.isRegular else {
      forget()
      return nil
    }
    if identity != Identity(status) { load() }
    return zone
  }

  /// Gives the memory back; the next question reads the file.
  mutating func forget() {
    identity = nil
    zone = nil
  }

  private mutating func load() {
    forget()
    // Never waits, whatever stands there by now.
    guard let file = try? Files.open(path, O_RDONLY | O_NONBLOCK), let status = try? Files.status(of: file.number), status.isRegular else { return }
    identity = ZoneCache.isSettled(status) ? Identity(status) : nil
    let size = Int(status.st_size)
    if size <= Zone.sizeLimit { zone = Zone(ZoneCache.read(file.number, size)) }
  }

  /// Clocks of file systems stand still for some milliseconds, and a file's number may be the next one's but one: only by then would the same
  /// time mean the same file.
  private static func isSettled(_ status: stat) -> Bool {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let age = (now.tv_sec - status.st_mtim.tv_sec) * 1000 + (now.tv_nsec - status.st_mtim.tv_nsec) / 1_000_000
    return !(0..<50).contains(age)
  }

  /// In memory of just that size: it may stay for long.
  private static func read(_ file: Int32, _ size: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size, let base = buffer.baseAddress, case .moved(let more) = IO.read(file, into: base + count, count: size - count) {
        count += more
      }
    }
  }
}
