// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Bytes waiting to be written, first in first out: a ring that grows when needed and holds no memory when empty for good.
package struct ByteQueue: ~Copyable {
  package private(set) var count = 0
  private var storage: UnsafeMutableRawPointer?
  private var capacity = 0
  private var head = 0

  package init() {}
  deinit { free(storage) }

  /// An empty queue keeps a ring of this size for the next bytes.
  private static let keptCapacity = 64 * 1024

  package var isEmpty: Bool { count == 0 }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(count + bytes.count)
    guard let storage else { return }
    let tail = (head + count) % capacity
    let first = min(bytes.count, capacity - tail)
    (storage + tail).copyMemory(from: source, byteCount: first)
    if first < bytes.count { storage.copyMemory(from: source + first, byteCount: bytes.count - first) }
    count += bytes.count
  }

  /// The longest run of bytes at the front that lies in one piece.
  package var front: UnsafeRawBufferPointer {
    guard let storage else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: storage + head, count: min(count, capacity - head))
  }

  package mutating func removeFirst(_ amount: Int) {
    count -= amount
    head = count == 0 ? 0 : (head + amount) % capacity
    if count == 0, capacity > ByteQueue.keptCapacity { clear() }
  }

  /// Drops everything and gives the memory back.
  package mutating func clear() {
    free(storage)
    storage = nil
    capacity = 0
    head = 0
    count = 0
  }

  private mutating func reserve(_ needed: Int) {
    guard needed > capacity else { return }
    var size = max(capacity, 4096)
    while size < needed { size *= 2 }
    guard let grown = malloc(size) else { abort() }
    let first = min(count, capacity - head)
    if let storage, count > 0 {
      grown.copyMemory(from: storage + head, byteCount: first)
      if first < count { (grown + first).copyMemory(from: storage, byteCount: count - first) }
    }
    free(storage)
    storage = grown
    capacity = size
    head = 0
  }
}
