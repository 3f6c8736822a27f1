// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOCore

extension Answer {
  /// The whole body.
  /// - Throws: `misbehaved` when there is more than `limit`, `cut` when it ends early, stands still for `stall` or trickles for eight times as long.
  func bytes(limit: Int, stall: Duration) async throws -> [UInt8] {
    if let length, length > Int64(limit) { throw tooMuch(limit) }
    return try await withStallGuard(stall, call) { guarded in
      var bytes: [UInt8] = []
      bytes.reserveCapacity(Int(length ?? 0))
      let end = ContinuousClock.now + stall * 8
      do {
        for try await chunk in body {
          guarded.beat()
          guard bytes.count + chunk.readableBytes <= limit else { throw tooMuch(limit) }
          guard ContinuousClock.now < end else { throw PlaceFailure(.cut, "\(call.described): the answer comes too slowly") }
          bytes.append(contentsOf: chunk.readableBytesView)
        }
      } catch let failure as PlaceFailure {
        throw failure
      } catch {
        throw call.failure(error)
      }
      try Task.checkCancellation()
      return bytes
    }
  }

  /// Lets go of a body that nobody wants; a short one is read, so that its connection can be used again.
  func discard() async {
    guard let length, length <= 16 << 10 else { return }
    _ = try? await bytes(limit: 16 << 10, stall: .seconds(5))
  }

  private func tooMuch(_ limit: Int) -> PlaceFailure {
    PlaceFailure(.misbehaved, "\(call.described): the answer is longer than \(limit) bytes")
  }
}
