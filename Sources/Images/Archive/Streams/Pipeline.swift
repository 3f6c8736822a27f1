// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Runs a byte source on a thread of its own, a few blocks ahead of the reader: inflating and unpacking share two processors.
///
/// The memory it takes is `blocks × size`, whatever the stream's length. Letting go of it stops the thread.
package final class Pipeline: ChunkSource {
  private let ring: BlockRing
  private var thread: pthread_t?
  private var given = false

  /// The source must not be used by anyone else until the pipeline is gone.
  package init(_ source: any ByteSource, blocks: Int = 6, size: Int = 1 << 20) {
    let ring = BlockRing(count: blocks, size: size)
    self.ring = ring
    let worker = Handover(source)
    thread = startThread { Pipeline.fill(ring, from: worker.value) }
    if thread == nil { ring.fail(HullError(.unavailable, "cannot start a thread: the limit of processes is reached")) }
  }

  deinit { stop() }

  package func next() throws(HullError) -> UnsafeRawBufferPointer? {
    if given { ring.giveBack() }
    given = false
    guard let block = try ring.take() else { return nil }
    given = true
    return block
  }

  /// Waits until the thread is gone: afterwards the source belongs to the caller again.
  package func stop() {
    ring.close()
    if let thread { pthread_join(thread, nil) }
    thread = nil
  }

  private static func fill(_ ring: BlockRing, from source: any ByteSource) {
    do throws(HullError) {
      while let block = ring.free() {
        let count = try source.read(into: block)
        ring.put(count)
        if count == 0 { return }
      }
    } catch {
      ring.fail(error)
    }
  }
}

/// Moves a value to the one thread that uses it from now on: safe because the sender does not touch it before that thread has ended.
private struct Handover<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

/// Starts a POSIX thread (all signals as the starter has them).
private func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  let box = Unmanaged.passRetained(Box(body))
  let result = pthread_create(
    &thread, nil,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, box.toOpaque())
  guard result == 0 else {
    box.release()
    return nil
  }
  return thread
}

/// A ring of blocks between one writer and one reader, under one mutex.
private final class BlockRing: @unchecked Sendable {
  // Every access to the variables below is between lock and unlock; the blocks themselves belong to whoever took them.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private let blocks: [UnsafeMutableRawBufferPointer]
  private var lengths: [Int]
  private var head = 0
  private var filled = 0
  private var ended = false
  private var closed = false
  private var failure: HullError?

  init(count: Int, size: Int) {
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
    blocks = (0..<count).map { _ in .allocate(byteCount: size, alignment: 4096) }
    lengths = Array(repeating: 0, count: count)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    changed.deallocate()
    for block in blocks { block.deallocate() }
  }

  /// The writer's next block; `nil` when nobody reads any more.
  func free() -> UnsafeMutableRawBufferPointer? {
    locked {
      while filled == blocks.count, !closed { pthread_cond_wait(changed, mutex) }
      return closed ? nil : blocks[(head + filled) % blocks.count]
    }
  }

  /// The block from `free` holds `count` bytes; 0 ends the stream.
  func put(_ count: Int) {
    locked {
      if count == 0 {
        ended = true
      } else {
        lengths[(head + filled) % blocks.count] = count
        filled += 1
      }
    }
  }

  func fail(_ error: HullError) {
    locked {
      failure = error
      ended = true
    }
  }

  /// The reader's next block; `nil` at the end.
  func take() throws(HullError) -> UnsafeRawBufferPointer? {
    let result: Result<UnsafeRawBufferPointer?, HullError> = locked {
      while filled == 0, !ended, !closed { pthread_cond_wait(changed, mutex) }
      if filled > 0 { return .success(UnsafeRawBufferPointer(rebasing: blocks[head][..<lengths[head]])) }
      return failure.map { .failure($0) } ?? .success(nil)
    }
    return try result.get()
  }

  /// The reader is done with the block from `take`.
  func giveBack() {
    locked {
      head = (head + 1) % blocks.count
      filled -= 1
    }
  }

  func close() { locked { closed = true } }

  private func locked<Value>(_ body: () -> Value) -> Value {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
    return body()
  }
}
