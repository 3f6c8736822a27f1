// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol

/// Counts the bytes of a transfer, and tells of them now and then.
struct TransferCount {
  /// Bytes between two reports.
  private static let stride: Int64 = 1 << 20
  /// What announcing a file takes beside its path.
  private static let announcement = 32

  private let tell: @Sendable (Int64) -> Void
  private var bytes: Int64 = 0
  private var told: Int64 = 0

  init(_ tell: @escaping @Sendable (Int64) -> Void) { self.tell = tell }

  mutating func add(_ packet: SyncPacket) {
    bytes += Int64(packet.type == .stat ? Self.announcement + packet.stat.path.utf8.count : packet.data.count)
    if bytes - told >= Self.stride { report() }
  }

  /// Nothing more comes.
  mutating func end() { if bytes > told { report() } }

  private mutating func report() {
    told = bytes
    tell(bytes)
  }
}
