// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import RegistryClient
import Threads

/// Brings blobs to a registry, several at a time; each once.
struct BlobPush: Sendable {
  struct Item: Sendable, Hashable {
    let blob: Descriptor
    /// How the client shows it: a layer's diff ID; `nil`: a configuration, which is not shown.
    let id: String?

    static func items(of document: ContentDocument) -> [Item] {
      let firstLayer = document.blobs.count - document.diffIDs.count
      return document.blobs.enumerated().map { index, blob in
        if document.diffIDs.isEmpty { return Item(blob: blob, id: index == 0 ? nil : blob.digest.short) }
        return Item(blob: blob, id: index >= firstLayer ? document.diffIDs[index - firstLayer].short : nil)
      }
    }
  }

  let repository: Repository
  let store: ImageStore
  let report: TransferReport

  func push(_ items: [Item]) async throws {
    var seen: Set<Digest> = []
    let once = items.filter { seen.insert($0.blob.digest).inserted }
    for case let id? in once.map(\.id) { report(TransferEvent("Preparing", id: id)) }
    let (store, repository) = (store, repository)
    let mountable = try await Blocking.run { try store.repositories(with: once.map(\.blob.digest), besides: repository.reference) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for item in once { group.addTask { try await push(item, mountable[item.blob.digest] ?? []) } }
      try await group.waitForAll()
    }
  }

  private func push(_ item: Item, _ mountable: [Reference]) async throws {
    let meter = item.id.map { ProgressMeter("Pushing", id: $0, total: item.blob.size, report: report) }
    let outcome = try await repository.push(item.blob, from: StoredBlob(store.blobs, item.blob), mountable: mountable) { meter?.add($0) }
    guard let id = item.id else { return }
    switch outcome {
    case .exists: report(TransferEvent("Layer already exists", id: id))
    case .mounted(let source): report(TransferEvent("Mounted from \(source.path)", id: id))
    case .pushed: report(TransferEvent("Pushed", id: id))
    }
  }
}

/// A blob of the store, opened when it is first read.
private final class StoredBlob: BlobReader {
  private let store: ContentStore
  private let blob: Descriptor
  private let file = Monitor<Int32?>(nil)

  init(_ store: ContentStore, _ blob: Descriptor) {
    self.store = store
    self.blob = blob
  }

  deinit {
    if let fd = file.with({ $0 }) { close(fd) }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(HullError) -> Int {
    let fd = try file.with { (file) throws(HullError) -> Int32 in
      if let file { return file }
      let opened = try store.open(blob.digest)
      file = opened
      return opened
    }
    let count = pread(fd, buffer.baseAddress, buffer.count, off_t(offset))
    guard count >= 0 else { throw systemFailure("cannot read blob \(blob.digest)") }
    return count
  }
}
