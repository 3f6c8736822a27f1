// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem
import ShimProtocol

/// A log file that is rotated by size (`path` → `path.1` → …). A write that fails loses its lines, never half a line and never the workload.
final class LogFile {
  private let plan: LogPlan
  private var descriptor: Int32
  private var size: Int64

  /// Opens the file for appending. Throws with the path when that is impossible.
  init(_ plan: LogPlan) throws(HullError) {
    self.plan = plan
    descriptor = LogFile.open(plan.path, truncate: false)
    guard descriptor >= 0 else {
      throw HullError("cannot write the container's log", SystemError(errno, "open \(plan.path)"))
    }
    var information = stat()
    size = fstat(descriptor, &information) == 0 ? Int64(information.st_size) : 0
  }

  /// Whether the file has reached its size once `pending` bytes more are in it: nothing further may then be added before `rotate`.
  func isFull(pending: Int) -> Bool {
    guard let limit = plan.maxSize, limit > 0 else { return false }
    return size + Int64(pending) >= limit
  }

  /// Appends whole lines.
  func append(_ bytes: UnsafeRawPointer, count: Int) {
    var written = 0
    while written < count {
      let result = write(descriptor, bytes + written, count - written)
      if result > 0 {
        written += result
      } else if result < 0, errno == EINTR {
        continue
      } else {
        dropPartialLine(bytes, written: written)
        return
      }
    }
    size += Int64(count)
  }

  /// Starts a new file. When the old one cannot be moved away it is emptied: the bound on the log's size always holds.
  func rotate() {
    guard plan.maxFiles > 1, shift() else {
      empty()
      return
    }
    let next = LogFile.open(plan.path, truncate: true)
    guard next >= 0 else {
      empty()
      return
    }
    close(descriptor)
    descriptor = next
    size = 0
  }

  func closeFile() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  private func shift() -> Bool {
    unlink("\(plan.path).\(plan.maxFiles - 1)")
    for index in stride(from: plan.maxFiles - 1, to: 1, by: -1) { rename("\(plan.path).\(index - 1)", "\(plan.path).\(index)") }
    return rename(plan.path, "\(plan.path).1") == 0
  }

  private func empty() {
    if ftruncate(descriptor, 0) == 0 { size = 0 }
  }

  /// The disk is full (or broken) in the middle of a line: keep what is whole.
  private func dropPartialLine(_ bytes: UnsafeRawPointer, written: Int) {
    guard written > 0 else { return }
    let whole = hull_find_last_byte(bytes, 0x0A, written) + 1
    if whole < written { ftruncate(descriptor, off_t(size) + off_t(whole)) }
    size += Int64(whole)
  }

  private static func open(_ path: String, truncate: Bool) -> Int32 {
    Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (truncate ? O_TRUNC : 0), 0o640)
  }
}
