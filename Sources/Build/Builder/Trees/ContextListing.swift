// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildWire
import Errors
import OCISpec

/// What a client says is in its context, kept as it came: entries are read when they are needed.
struct ContextListing: Sendable {
  private let bytes: [UInt8]
  private let starts: [UInt32]

  /// Throws `invalidArgument` for a listing that is broken or leads out of the context.
  init(_ bytes: [UInt8]) throws(HullError) {
    var starts: [UInt32] = []
    var offset = 0
    while offset < bytes.count {
      starts.append(UInt32(offset))
      _ = try ListedFile.next(bytes, &offset)
    }
    (self.bytes, self.starts) = (bytes, starts)
  }

  var count: Int { starts.count }

  var digest: Digest { SHA256.digest(of: bytes) }

  subscript(number: Int) -> ListedFile {
    var offset = Int(starts[number])
    guard let file = try? ListedFile.next(bytes, &offset) else { preconditionFailure("a listing that was whole is broken") }
    return file
  }
}
