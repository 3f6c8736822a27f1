// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Ended builds on disk: a file for each record, and one for each blob that records name. Nothing here is needed for anything else, so nobody waits
/// until it is on disk for good. Blocking; for one thread at a time.
final class HistoryFiles: @unchecked Sendable {
  // The descriptor is set once; whoever uses this value sees to it that one thread does.
  private static let recordSuffix = ".record"
  private let path: String
  private let directory: Int32

  /// - Parameter path: the directory; made when it is not there.
  init(_ path: String) throws(HullError) {
    self.path = path
    directory = try DurableFiles.directory(path)
  }

  deinit { close(directory) }

  /// Every record that can be read; the others go, and blobs that no record names.
  func load() throws(HullError) -> [ControlBuildHistoryRecord] {
    var records: [ControlBuildHistoryRecord] = []
    let names = try DurableFiles.names(directory)
    for name in names where name.hasSuffix(HistoryFiles.recordSuffix) {
      if let bytes = read(name), let record = try? ControlBuildHistoryRecord(serializedBytes: bytes) { records.append(record) }
    }
    let needed = Set(records.flatMap { $0.blobs } + records.map { HistoryFiles.name(of: $0.ref) })
    for name in names where !needed.contains(name) { remove(name) }
    return records
  }

  func put(_ record: ControlBuildHistoryRecord) throws(HullError) {
    guard let bytes: [UInt8] = try? record.serializedBytes() else { throw HullError(.internalError, "cannot write build \(record.ref) down") }
    try write(bytes, HistoryFiles.name(of: record.ref))
  }

  /// Stores a blob.
  func put(blob bytes: [UInt8], _ mediaType: String) throws(HullError) -> ControlDescriptor {
    let digest = SHA256.digest(of: bytes)
    try write(bytes, digest.hex)
    var descriptor = ControlDescriptor()
    (descriptor.mediaType, descriptor.digest, descriptor.size) = (mediaType, digest.description, Int64(bytes.count))
    return descriptor
  }

  /// Removes the record of a build, not its blobs.
  func remove(record ref: String) { remove(HistoryFiles.name(of: ref)) }

  func remove(blobs: [String]) { for blob in blobs { remove(blob) } }

  func read(blob digest: String) -> [UInt8]? { (try? Digest(digest)).flatMap { read($0.hex) } }

  /// Where a blob lies; `nil`: it is not here.
  func path(of digest: Digest) -> String? {
    (try? Files.status(digest.hex, at: directory, flags: AT_SYMLINK_NOFOLLOW)) == nil ? nil : "\(path)/\(digest.hex)"
  }

  private func write(_ bytes: [UInt8], _ name: String) throws(HullError) {
    let unfinished = DurableFiles.uniqueName(".new-")
    try DurableFiles.write(bytes, name: unfinished, in: directory, synced: false)
    try DurableFiles.rename(unfinished, in: directory, to: name, in: directory)
  }

  private func read(_ name: String) -> [UInt8]? {
    guard let file = try? Files.open(name, O_RDONLY | O_NOFOLLOW, at: directory) else { return nil }
    return try? Files.readAll(file.number, limit: 64 << 20)
  }

  private func remove(_ name: String) { unlinkat(directory, name, 0) }

  /// A client chooses what its build is called.
  private static func name(of ref: String) -> String { SHA256.digest(of: ref).hex.prefix(32) + recordSuffix }
}

extension ControlBuildHistoryRecord {
  /// Names of the files that it needs.
  var blobs: [String] { descriptors.map { String($0.digest.drop { $0 != ":" }.dropFirst()) } }

  /// Bytes of those files, and of its options.
  var size: Int64 {
    descriptors.reduce(0) { $0 + max(0, $1.size) } + frontendAttrs.reduce(0) { $0 + Int64($1.key.utf8.count + $1.value.utf8.count) }
  }

  private var descriptors: [ControlDescriptor] {
    let attestations = result.attestations + results.values.flatMap(\.attestations)
    return attestations + (hasLogs ? [logs] : []) + (hasExternalError ? [externalError] : []) + (hasTrace ? [trace] : [])
  }
}
