// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import RegistryClient
import Synchronization

/// Bytes that look random, and are the same every time.
func sample(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
  return (0..<count).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt8(truncatingIfNeeded: state >> 32)
  }
}

func descriptor(_ bytes: [UInt8], _ type: String = MediaType.ociLayerGzip) -> Descriptor {
  Descriptor(mediaType: type, digest: SHA256.digest(of: bytes), size: Int64(bytes.count))
}

/// A blob in memory that counts what is written to it.
final class MemoryBlob: PartialBlob {
  private struct State {
    var bytes: [UInt8]
    var written: [Range<Int>]
    var total = 0
    var failure: HullError?
  }

  let size: Int64
  private let state: Mutex<State>

  /// - Parameter having: what is there already.
  init(_ size: Int, having: [Range<Int>] = [], of whole: [UInt8] = []) {
    self.size = Int64(size)
    var start = State(bytes: Array(repeating: 0, count: size), written: having)
    for range in having { start.bytes.replaceSubrange(range, with: whole[range]) }
    state = Mutex(start)
  }

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  /// Bytes that were written, counted each time.
  var total: Int { state.withLock { $0.total } }

  /// Writing fails from now on.
  func fail(_ error: HullError) { state.withLock { $0.failure = error } }

  func missing() throws(HullError) -> [Range<Int64>] {
    state.withLock { state in
      var ranges: [Range<Int64>] = []
      var end = 0
      for range in state.written.sorted(by: { $0.lowerBound < $1.lowerBound }) + [Int(size)..<Int(size)] {
        if range.lowerBound > end { ranges.append(Int64(end)..<Int64(range.lowerBound)) }
        end = max(end, range.upperBound)
      }
      return ranges
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(HullError) {
    let failure = state.withLock { state -> HullError? in
      if let failure = state.failure { return failure }
      let range = Int(offset)..<(Int(offset) + bytes.count)
      state.bytes.withUnsafeMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[range]).copyMemory(from: bytes) }
      state.written.append(range)
      state.total += bytes.count
      return nil
    }
    if let failure { throw failure }
  }
}

/// A blob in memory that is sent.
struct BytesReader: BlobReader {
  let bytes: [UInt8]

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(HullError) -> Int {
    let part = bytes[Int(offset)...].prefix(buffer.count)
    buffer.copyBytes(from: part)
    return part.count
  }
}

/// Adds up what is said from many threads.
final class Counter: Sendable {
  private let sum = Atomic<Int64>(0)

  var value: Int64 { sum.load(ordering: .relaxed) }

  func add(_ count: Int64) { sum.add(count, ordering: .relaxed) }

  /// The sum before this one was added.
  func next() -> Int64 { sum.add(1, ordering: .relaxed).oldValue }
}
