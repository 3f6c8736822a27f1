// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem

/// Which bytes of a file have been written, in a file beside it that is mapped into memory: it survives the death of the process at any
/// instant, because each change is one aligned store, made after the bytes themselves are in the page cache.
///
/// 128 slots of start and end, 16 bytes each. A slot is free while its end is 0. Not thread-safe.
final class PartialMap {
  private static let slots = 128
  private static let length = slots * 16
  private let words: UnsafeMutablePointer<Int64>

  /// Opens `name` in `directory`, or makes it with nothing written. What does not fit a file of `size` bytes is forgotten.
  init(_ name: String, in directory: Int32, size: Int64) throws(HullError) {
    let fd = try step("cannot make \(name)") { () throws(SystemError) in
      try Files.open(name, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600, at: directory)
    }
    guard ftruncate(fd.number, off_t(PartialMap.length)) == 0, posix_fallocate(fd.number, 0, off_t(PartialMap.length)) == 0 else {
      throw systemFailure("cannot make \(name)")
    }
    guard let address = mmap(nil, PartialMap.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd.number, 0), address != MAP_FAILED else {
      throw systemFailure("cannot map \(name)")
    }
    words = address.bindMemory(to: Int64.self, capacity: PartialMap.slots * 2)
    compact(size)
  }

  deinit { munmap(words, PartialMap.length) }

  /// Ascending, neither empty nor touching.
  var written: [Range<Int64>] { PartialMap.merged((0..<PartialMap.slots).compactMap(range)) }

  /// Notes that these bytes are in the file. Pieces that touch become one, so there are never more than connections and what earlier cuts
  /// have left between them; were all slots taken, the bytes would count as missing.
  func add(_ new: Range<Int64>) {
    if let slot = (0..<PartialMap.slots).first(where: { range($0)?.upperBound == new.lowerBound }) {
      let next = (0..<PartialMap.slots).first { $0 != slot && range($0)?.lowerBound == new.upperBound }
      words[slot * 2 + 1] = next.flatMap(range)?.upperBound ?? new.upperBound
      if let next { words[next * 2 + 1] = 0 }
    } else if let slot = (0..<PartialMap.slots).first(where: { range($0) == nil }) {
      words[slot * 2] = new.lowerBound
      words[slot * 2 + 1] = new.upperBound
    }
  }

  func clear() { for slot in 0..<PartialMap.slots { words[slot * 2 + 1] = 0 } }

  private func range(_ slot: Int) -> Range<Int64>? {
    let (start, end) = (words[slot * 2], words[slot * 2 + 1])
    return end > start && start >= 0 ? start..<end : nil
  }

  /// Only at the start: several stores.
  private func compact(_ size: Int64) {
    let known = written.filter { $0.upperBound <= size }
    clear()
    for range in known { add(range) }
  }

  private static func merged(_ ranges: [Range<Int64>]) -> [Range<Int64>] {
    var merged: [Range<Int64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }
}
