// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol

/// Builds that have ended, by their names. What is to go next, and which blobs go with it, is known without looking at all of them.
struct EndedBuilds {
  private(set) var records: [String: ControlBuildHistoryRecord] = [:]
  /// Those that are not pinned, as they ended: seconds since 1970.
  private var order: [(time: Int64, ref: String)] = []
  /// How many records name a blob.
  private var uses: [String: Int] = [:]
  /// Of the files of all.
  private var bytes: Int64 = 0

  subscript(ref: String) -> ControlBuildHistoryRecord? { records[ref] }

  /// Adds a record, or puts it in the place of one of the same name.
  /// - Returns: the blobs that nothing needs any more.
  mutating func put(_ record: ControlBuildHistoryRecord) -> [String] {
    for blob in record.blobs { uses[blob, default: 0] += 1 }
    let freed = remove(record.ref)
    records[record.ref] = record
    bytes += record.size
    if !record.pinned { order.insert((record.completedAt.seconds, record.ref), at: place(of: record.completedAt.seconds)) }
    return freed
  }

  /// Takes a record out, if it is there.
  /// - Returns: the blobs that nothing needs any more.
  mutating func remove(_ ref: String) -> [String] {
    guard let record = records.removeValue(forKey: ref) else { return [] }
    bytes -= record.size
    if let index = order.firstIndex(where: { $0.ref == ref }) { order.remove(at: index) }
    return record.blobs.filter { blob in
      let left = (uses[blob] ?? 1) - 1
      uses[blob] = left > 0 ? left : nil
      return left <= 0
    }
  }

  /// What has to go next; `nil`: nothing. The newest stays in any case, and so do pinned ones.
  func surplus(mostBytes: Int64) -> String? {
    guard order.count > 1, let oldest = order.first, let newest = order.last else { return nil }
    let isOld = order.count > BuildHistory.usual && oldest.time < newest.time - BuildHistory.age
    return isOld || order.count > BuildHistory.most || bytes > mostBytes ? oldest.ref : nil
  }

  /// After all that ended at the same time or before: mostly the end.
  private func place(of time: Int64) -> Int { (order.lastIndex { $0.time <= time } ?? -1) + 1 }
}
