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

/// A ring of blocks between one writer and one reader. Whoever took a block owns its bytes until it is put or given back.
private final class BlockRing: Sendable {
  private struct State {
    var lengths: [Int]
    var head = 0
    var filled = 0
    var ended = false
    var closed = false
    var failure: HullError?
  }

  // The addresses never change; see above for what they point at.
  private nonisolated(unsafe) let blocks: [UnsafeMutableRawBufferPointer]
  private let monitor: Monitor<State>

  init(count: Int, size: Int) {
    blocks = (0..<count).map { _ in .allocate(byteCount: size, alignment: 4096) }
    monitor = Monitor(State(lengths: Array(repeating: 0, count: count)))
  }

  deinit {
    for block in blocks { block.deallocate() }
  }

  /// The writer's next block; `nil` when nobody reads any more.
  func free() -> UnsafeMutableRawBufferPointer? {
    monitor.wait { state in
      // Two levels of optional: the outer one says whether the wait is over.
      if state.closed { return .some(.none) }
      if state.filled == blocks.count { return .none }
      return .some(.some(blocks[(state.head + state.filled) % blocks.count]))
    }
  }

  /// The block from `free` holds `count` bytes; 0 ends the stream.
  func put(_ count: Int) {
    monitor.with { state in
      if count == 0 {
        state.ended = true
      } else {
        state.lengths[(state.head + state.filled) % blocks.count] = count
        state.filled += 1
      }
    }
  }

  func fail(_ error: HullError) {
    monitor.with { state in
      state.failure = error
      state.ended = true
    }
  }

  /// The reader's next block; `nil` at the end.
  func take() throws(HullError) -> UnsafeRawBufferPointer? {
    let result: Result<UnsafeRawBufferPointer?, HullError> = monitor.wait { state in
      if state.filled > 0 { return .success(UnsafeRawBufferPointer(rebasing: blocks[state.head][..<state.lengths[state.head]])) }
      guard state.ended || state.closed else { return nil }
      if let failure = state.failure { return .failure(failure) }
      return .success(nil)
    }
    return try result.get()
  }

  /// The reader is done with the block from `take`.
  func giveBack() {
    monitor.with { state in
      state.head = (state.head + 1) % blocks.count
      state.filled -= 1
    }
  }

  func close() { monitor.with { $0.closed = true } }
}
