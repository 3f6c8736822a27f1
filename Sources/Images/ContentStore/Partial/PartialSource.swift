// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc

/// Reads a blob from its beginning while it comes in; waits where it has not come yet.
final class PartialSource: ByteSource {
  private let partial: Partial
  private var offset: Int64 = 0

  init(_ partial: Partial) { self.partial = partial }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    guard offset < partial.size else { return 0 }
    let offset = self.offset
    let available: Result<Int64, HullError> = partial.progress.wait { state in
      if state.front > offset { return .success(state.front - offset) }
      return state.failure.map { .failure($0) }
    }
    let wanted = min(buffer.count, Int(try available.get()))
    let count = pread(partial.file, buffer.baseAddress, wanted, off_t(offset))
    guard count > 0 else { throw systemFailure("cannot read blob \(partial.digest)") }
    self.offset += Int64(count)
    return count
  }
}

extension Partial {
  /// The blob's bytes in order, as they come in.
  package func source() -> any ByteSource { PartialSource(self) }
}
