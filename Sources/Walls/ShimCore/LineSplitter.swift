// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Cuts one stream of output into log lines as Docker's copier does: at newlines, and after 16 KiB without one (such a piece is partial:
/// it is logged without a newline and with the time of the line's first piece). Holds at most one piece.
struct LineSplitter: ~Copyable {
  /// The longest piece.
  static let limit = 16 * 1024

  private var carry: UnsafeMutableRawPointer?
  private var carried = 0
  /// When the line's first piece was logged; 0: the line has none yet.
  private var partialTime: Int64 = 0

  deinit { free(carry) }

  /// A piece of a line: `complete` when it ends the line.
  typealias Emit = (_ piece: UnsafeRawPointer, _ count: Int, _ complete: Bool, _ time: Int64) -> Void

  /// Takes output and gives out every piece that is complete.
  mutating func split(_ bytes: UnsafeRawBufferPointer, emit: Emit) {
    guard let base = bytes.baseAddress else { return }
    var position = 0
    while position < bytes.count {
      let window = min(bytes.count - position, LineSplitter.limit - carried)
      if let newline = memchr(base + position, 0x0A, window) {
        let count = UnsafeRawPointer(newline) - (base + position)
        deliver(base + position, count, complete: true, emit)
        position += count + 1
      } else if window == LineSplitter.limit - carried {
        deliver(base + position, window, complete: false, emit)
        position += window
      } else {
        keep(base + position, window)
        position += window
      }
    }
  }

  /// The stream has ended: what is left is logged without a newline.
  mutating func finish(emit: Emit) {
    if carried > 0, let carry { emit(carry, carried, false, lineTime()) }
    carried = 0
    partialTime = 0
    free(carry)
    carry = nil
  }

  /// Gives back memory that holds nothing.
  mutating func trim() {
    guard carried == 0 else { return }
    free(carry)
    carry = nil
  }

  private mutating func deliver(_ piece: UnsafeRawPointer, _ count: Int, complete: Bool, _ emit: Emit) {
    let time = lineTime()
    if carried > 0, let carry {
      if count > 0 { (carry + carried).copyMemory(from: piece, byteCount: count) }
      emit(carry, carried + count, complete, time)
      carried = 0
    } else {
      emit(piece, count, complete, time)
    }
    partialTime = complete ? 0 : time
  }

  private func lineTime() -> Int64 { partialTime != 0 ? partialTime : Timestamp.now() }

  private mutating func keep(_ piece: UnsafeRawPointer, _ count: Int) {
    if carry == nil { carry = malloc(LineSplitter.limit) }
    guard let carry else { return }
    (carry + carried).copyMemory(from: piece, byteCount: count)
    carried += count
  }
}
