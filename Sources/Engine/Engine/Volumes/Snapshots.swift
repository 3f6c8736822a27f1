// SPDX-License-Identifier: Apache-2.0
import EngineStore

/// A snapshot is a volume that says in its labels what it was taken of and when; containers see it read-only.
extension VolumeRecord {
  /// The name of the volume that it was taken of.
  static let snapshotLabel = "hull.snapshot.of"
  static let snapshotTimeLabel = "hull.snapshot.time"

  var snapshotOf: String? { labels?[Self.snapshotLabel] }

  /// The record of a copy. What `type`, `o` and `device` name is not taken over: the copy has the content itself.
  func copied(to name: String, labels more: [String: String] = [:]) -> VolumeRecord {
    var copy = self
    (copy.name, copy.created, copy.anonymous, copy.renaming) = (name, Timestamp.now(), false, nil)
    let bookkeeping = [Self.snapshotLabel, Self.snapshotTimeLabel, VolumeWish.anonymousLabel]
    let kept = (labels ?? [:]).filter { !bookkeeping.contains($0.key) }.merging(more) { _, new in new }
    copy.labels = kept.isEmpty && labels == nil ? nil : kept
    if !isHere { copy.options = nil }
    return copy
  }

  func snapshot(named name: String, at time: Int64) -> VolumeRecord {
    copied(to: name, labels: [Self.snapshotLabel: self.name, Self.snapshotTimeLabel: Timestamp.text(time)])
  }

  /// `data-snapshot-20260801T120000.123Z`
  func snapshotName(at time: Int64) -> String {
    name.prefix(200) + "-snapshot-" + Timestamp.text(time / 1_000_000 * 1_000_000).filter { $0 != "-" && $0 != ":" }
  }

  /// A volume with a name, whatever it was before.
  func renamed(to other: String) -> VolumeRecord {
    var record = self
    (record.name, record.anonymous, record.renaming) = (other, false, nil)
    if anonymous { record.labels?[VolumeWish.anonymousLabel] = nil }
    return record
  }

  func relabelled(snapshotOf other: String) -> VolumeRecord {
    var record = self
    record.labels?[Self.snapshotLabel] = other
    return record
  }
}
