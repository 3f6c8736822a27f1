// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Layers of one image while they are unpacked, each in a private directory, gone with this value unless they are published.
///
/// A chain that another batch is unpacking is waited for. Layers must be added from the lowest up: because every batch then waits only for
/// chains above those it has, no two can wait for each other.
package final class LayerBatch {
  private struct Pending {
    let info: LayerInfo
    let name: String
  }

  private let store: LayerStore
  private var pending: [Pending] = []

  init(_ store: LayerStore) { self.store = store }

  deinit { discard() }

  /// Unpacks one layer unless it is there already.
  /// - Parameters:
  ///   - chain: its chain ID, from `diffID` and the layers below.
  ///   - below: chain IDs of the layers below, lowest first; here or in this batch.
  ///   - open: gives the archive's bytes, compressed or not; called only when they are needed.
  ///   - verified: the bytes are known to be those of `diffID`: no need to hash them again.
  package func add(
    _ chain: Digest, diffID: Digest, below: [Digest], verified: Bool = false, open: () throws(HullError) -> any ByteSource
  ) throws(HullError) -> LayerInfo {
    if let mine = pending.first(where: { $0.info.chain == chain }) { return mine.info }
    if let info = claim(chain) { return info }
    do throws(HullError) {
      let layer = try unpack(try open(), below: below, hashing: !verified)
      guard verified || layer.diffID == diffID else {
        try? TreeRemoval.remove(Array(layer.name.utf8), in: store.directory)
        throw HullError(.invalidArgument, "layer \(diffID): wrong diff ID: its uncompressed content is \(layer.diffID ?? diffID)")
      }
      let info = LayerInfo(chain: chain, diffID: diffID, size: layer.size)
      pending.append(Pending(info: info, name: layer.name))
      return info
    } catch {
      release(chain)
      throw error
    }
  }

  /// Unpacks a lowest layer whose digest is not known before.
  package func addRoot(_ source: any ByteSource) throws(HullError) -> LayerInfo {
    let layer = try unpack(source, below: [], hashing: true)
    guard let diffID = layer.diffID else { preconditionFailure("a hashed layer has a digest") }
    if let info = claim(diffID) {
      try TreeRemoval.remove(Array(layer.name.utf8), in: store.directory)
      return info
    }
    let info = LayerInfo(chain: diffID, diffID: diffID, size: layer.size)
    pending.append(Pending(info: info, name: layer.name))
    return info
  }

  /// Makes all layers of the batch visible, durably.
  package func publish() throws(HullError) {
    guard !pending.isEmpty else { return }
    for layer in pending {
      let fd = OwnedDescriptor(
        try step("cannot finish layer \(layer.info.diffID)") { () throws(SystemError) in
          try Files.open(layer.name, O_RDONLY | O_DIRECTORY, at: store.directory)
        }.take())
      try DurableFiles.write(Array("\(layer.info.diffID) \(layer.info.size)\n".utf8), name: LayerStore.infoName, in: fd.number)
    }
    try DurableFiles.syncFileSystem(store.directory)
    for layer in pending { try DurableFiles.rename(layer.name, in: store.directory, to: layer.info.chain.hex, in: store.directory) }
    try DurableFiles.sync(store.directory)
    for layer in pending { release(layer.info.chain) }
    pending = []
  }

  private func discard() {
    for layer in pending {
      try? TreeRemoval.remove(Array(layer.name.utf8), in: store.directory)
      release(layer.info.chain)
    }
    pending = []
  }

  // MARK: Who unpacks what

  /// - Returns: the layer, if it is there by now; otherwise it is ours to unpack.
  private func claim(_ chain: Digest) -> LayerInfo? {
    store.unpacking.wait { claimed in
      // Two levels of optional: the outer one says whether the wait is over.
      if claimed.contains(chain) { return .none }
      if let info = store.info(chain) { return .some(.some(info)) }
      claimed.insert(chain)
      return .some(.none)
    }
  }

  private func release(_ chain: Digest) { store.unpacking.with { _ = $0.remove(chain) } }

  // MARK: Unpacking

  private func unpack(
    _ source: any ByteSource, below: [Digest], hashing: Bool
  ) throws(HullError) -> (name: String, diffID: Digest?, size: Int64) {
    let name = DurableFiles.uniqueName(LayerStore.temporaryPrefix)
    do throws(HullError) {
      let fs = OwnedDescriptor(try makeDirectories(name))
      let pipeline = Pipeline(try DecompressingSource(source))
      let hash = HashingChunks(pipeline)
      let chunks: any ChunkSource = hashing ? hash : pipeline
      var options = ExtractOptions()
      options.whiteouts = true
      options.lowerLayers = below.reversed().map(lowerPath)
      let extractor = try TarExtractor(root: fs.number, disk: DiskGuard(fs.number, place: store.root), options: options)
      let summary = try extractor.extract(TarReader(chunks, limits: options.limits))
      try chunks.drain()
      return (name, hashing ? hash.finish().digest : nil, summary.bytes)
    } catch {
      try? TreeRemoval.remove(Array(name.utf8), in: store.directory)
      throw error
    }
  }

  private func lowerPath(_ chain: Digest) -> String {
    pending.first { $0.info.chain == chain }.map { "\(store.root)/\($0.name)/fs" } ?? store.path(of: chain)
  }

  private func makeDirectories(_ name: String) throws(HullError) -> Int32 {
    let fs = "\(name)/fs"
    guard mkdirat(store.directory, name, 0o711) == 0, mkdirat(store.directory, fs, 0o755) == 0, fchmodat(store.directory, fs, 0o755, 0) == 0 else {
      throw HullError("cannot make a directory for a layer", SystemError(errno, "mkdir \(name)"))
    }
    return try step("cannot unpack a layer") { () throws(SystemError) in
      try Files.open(fs, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: store.directory)
    }.take()
  }
}
