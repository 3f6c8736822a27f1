// SPDX-License-Identifier: Apache-2.0
import Errors
import ImageStore
import OCISpec
import Synchronization
import Threads

/// Remembers what names of images stand for, so that making a container neither asks the database nor parses a configuration again.
final class ImageLookup: Sendable {
  private static let limit = 256

  private let images: ImageStore
  private let known = Mutex<[String: ImageRecord]>([:])

  init(_ images: ImageStore) { self.images = images }

  /// By reference, ID or ID prefix. Throws `notFound` in Docker's words.
  /// - Parameter platform: which image, of a name that stands for several; `nil`: the one for this machine.
  func find(_ name: String, platform: Platform?) async throws -> ImageRecord {
    guard let platform else { return try await find(name) }
    let images = self.images
    return try await Blocking.run { try images.resolve(name, platform: platform) }
  }

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
