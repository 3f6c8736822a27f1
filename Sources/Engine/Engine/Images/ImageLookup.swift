// SPDX-License-Identifier: Apache-2.0
import Errors
import ImageStore
import Synchronization
import Threads

/// Remembers what names of images stand for, so that making a container neither asks the database nor parses a configuration again.
final class ImageLookup: Sendable {
  private static let limit = 256

  private let images: ImageStore
  private let known = Mutex<[String: ImageRecord]>([:])

  init(_ images: ImageStore) { self.images = images }

  /// By reference, ID or ID prefix. Throws `notFound` in Docker's words.
  func find(_ name: String) async throws -> ImageRecord {
    if let record = known.withLock({ $0[name] }) { return record }
    let images = self.images
    let record = try await Blocking.run { try images.resolve(name) }
    known.withLock { known in
      if known.count >= ImageLookup.limit { known.removeAll() }
      known[name] = record
    }
    return record
  }

  /// To be called before and after images or their names change.
  func forget() { known.withLock { $0.removeAll() } }
}
