// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import ImageStore
import Layers
import OCISpec
import Threads

/// The layers of one image on their way in: each is unpacked behind its download, several at a time.
struct LayerArrival: Sendable {
  struct Layer: Sendable {
    let index: Int
    let blob: Descriptor
    let diffID: Digest
    let chain: Digest
  }

  let blobs: BlobArrival
  let layers: [Layer]
  let report: TransferReport
  private let unpacked: LayerStack
  /// What has come in counts as in use as long as these live: it must not be cleared away before it is published.
  private let brought = Monitor<[Partial]>([])

  init(_ blobs: BlobArrival, manifest: Manifest, diffIDs: [Digest], report: @escaping TransferReport) {
    self.blobs = blobs
    self.report = report
    let chains = LayerStore.chains(diffIDs)
    layers = manifest.layers.enumerated().map { Layer(index: $0, blob: $1, diffID: diffIDs[$0], chain: chains[$0]) }
    unpacked = LayerStack(chains, in: blobs.transfer.store.layers)
  }

  /// - Returns: the layers, lowest first; their blobs are in the store then.
  func run() async throws -> [LayerInfo] {
    try await withThrowingTaskGroup(of: (Int, LayerInfo).self) { group in
      // From the lowest up: who is unpacked may wait for those below.
      for layer in layers { group.addTask { (layer.index, try await arrive(layer)) } }
      var infos: [Int: LayerInfo] = [:]
      do {
        for try await (index, info) in group { infos[index] = info }
      } catch {
        unpacked.fail(error as? HullError ?? HullError(.unavailable, "the pull was given up", cause: error))
        throw error
      }
      try await blobs.publish(layers.map(\.blob))
      return layers.compactMap { infos[$0.index] }
    }
  }

  private func arrive(_ layer: Layer) async throws -> LayerInfo {
    let id = layer.blob.digest.short
    let isHere = try await blobs.isHere(layer.blob)
    if isHere, let info = try await known(layer) {
      report(TransferEvent("Already exists", id: id))
      unpacked.add(info)
      return info
    }
    report(TransferEvent("Pulling fs layer", id: id))
    if isHere {
      let store = blobs.transfer.store.blobs
      try await unpack(layer) { (meter) throws(HullError) in try store.source(layer.blob.digest) { meter.set($0) } }
    } else {
      try await blobs.bring(layer.blob) { download in try await follow(download, layer) }
    }
    guard let info = try await known(layer) else { throw HullError(.internalError, "layer \(layer.diffID) was unpacked, but is not there") }
    report(TransferEvent("Pull complete", id: id))
    return info
  }

  private func known(_ layer: Layer) async throws -> LayerInfo? {
    let store = blobs.transfer.store.layers
    return try await Blocking.run { store.info(layer.chain) }
  }

  private func follow(_ download: Download, _ layer: Layer) async throws {
    let id = layer.blob.digest.short
    let meter = ProgressMeter("Downloading", id: id, total: layer.blob.size, from: download.received, report: report)
    brought.with { $0.append(download.partial) }
    download.observe { meter.add($0) }
    download.whenComplete { [report] in
      report(TransferEvent("Verifying Checksum", id: id))
      report(TransferEvent("Download complete", id: id))
      // From here on it is the unpacking that is waited for.
      report(TransferEvent("Extracting", id: id, current: layer.blob.size, total: layer.blob.size))
    }
    try await unpack(layer) { meter in FollowingSource(download, meter) }
  }

  private func unpack(
    _ layer: Layer, _ source: @escaping @Sendable (ProgressMeter) throws(HullError) -> any ByteSource
  ) async throws {
    let (store, unpacked) = (blobs.transfer.store.layers, unpacked)
    let meter = ProgressMeter("Extracting", id: layer.blob.digest.short, total: layer.blob.size, report: report)
    let info = try await blobs.transfer.unpacking.run {
      try await Blocking.stream {
        do throws(HullError) {
          return try store.unpack(layer.chain, diffID: layer.diffID, above: unpacked.below(layer.index)) { () throws(HullError) in try source(meter) }
        } catch {
          throw HullError(error.code, "blob \(layer.blob.digest): \(error.message)", cause: error.cause)
        }
      }
    }
    unpacked.add(info)
  }
}

/// Reads a blob behind its download, and tells how far it is once there is nothing more to download.
private final class FollowingSource: ByteSource {
  private let source: any ByteSource
  private let download: Download
  private let meter: ProgressMeter
  private var count: Int64 = 0

  init(_ download: Download, _ meter: ProgressMeter) {
    source = download.partial.source()
    self.download = download
    self.meter = meter
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    let read = try source.read(into: buffer)
    count += Int64(read)
    if download.isComplete { meter.set(count) }
    return read
  }
}
