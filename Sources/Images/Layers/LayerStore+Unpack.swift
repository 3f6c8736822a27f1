// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Unpacking: each layer in a private directory, which gets its name when it is whole. Layers of one image may be unpacked at the same time.
///
/// A layer is on disk for good only after `sync()`: nothing may be written down about it before. Whoever fails between the two leaves layers
/// that no row speaks of, and start-up removes those.
extension LayerStore {
  /// Unpacks one layer unless it is there already; when somebody else is unpacking it, waits for that.
  /// - Parameters:
  ///   - chain: its chain ID, from `diffID` and the layers below.
  ///   - lower: the layers below; `nil` for the lowest.
  ///   - verified: the bytes are known to be those of `diffID`: no need to hash them again.
  ///   - open: gives the archive's bytes, compressed or not; called only when they are needed.
  package func unpack(
    _ chain: Digest, diffID: Digest, above lower: LowerStack?, verified: Bool = false, open: () throws(HullError) -> any ByteSource
  ) throws(HullError) -> LayerInfo {
    if let info = claim(chain) { return info }
    defer { release(chain) }
    let layer = try extract(try open(), above: lower, hashing: !verified)
    guard verified || layer.diffID == diffID else {
      drop(layer.name)
      throw HullError(.invalidArgument, "layer \(diffID): wrong diff ID: its uncompressed content is \(layer.diffID ?? diffID)")
    }
    return try reveal(layer, as: LayerInfo(chain: chain, diffID: diffID, size: layer.size))
  }

  /// Unpacks a lowest layer whose digest is not known before.
  /// - Parameter claiming: called with the digest before the layer becomes visible.
  package func unpackRoot(_ source: any ByteSource, claiming: (Digest) -> Void) throws(HullError) -> LayerInfo {
    let layer = try extract(source, above: nil, hashing: true)
    guard let diffID = layer.diffID else { preconditionFailure("a hashed layer has a digest") }
    claiming(diffID)
    if let info = claim(diffID) {
      drop(layer.name)
      return info
    }
    defer { release(diffID) }
    return try reveal(layer, as: LayerInfo(chain: diffID, diffID: diffID, size: layer.size))
  }

  /// Unpacks a layer that is there, but damaged, once more; the new directory takes the place of the old one.
  /// The caller sees to it that no container runs on the old one.
  package func unpackAnew(
    _ recorded: LayerInfo, above lower: LowerStack?, open: () throws(HullError) -> any ByteSource
  ) throws(HullError) -> LayerInfo {
    unpacking.wait { claimed -> Void? in claimed.insert(recorded.chain).inserted ? () : nil }
    defer { release(recorded.chain) }
    let layer = try extract(try open(), above: lower, hashing: true)
    guard layer.diffID == recorded.diffID else {
      drop(layer.name)
      throw HullError(.invalidArgument, "layer \(recorded.diffID): its blob holds another one")
    }
    let old = try discard(recorded.chain)
    let info = try reveal(layer, as: LayerInfo(chain: recorded.chain, diffID: recorded.diffID, size: layer.size))
    if let old { try empty(old) }
    return info
  }

  /// Writes out everything that has been unpacked.
  package func sync() throws(HullError) { try DurableFiles.syncFileSystem(directory) }

  // MARK: Who unpacks what

  /// - Returns: the layer, if it is there by now; otherwise it is ours to unpack.
  private func claim(_ chain: Digest) -> LayerInfo? {
    unpacking.wait { claimed in
      // Two levels of optional: the outer one says whether the wait is over.
      if claimed.contains(chain) { return .none }
      if let info = info(chain) { return .some(.some(info)) }
      claimed.insert(chain)
      return .some(.none)
    }
  }

  private func release(_ chain: Digest) { unpacking.with { _ = $0.remove(chain) } }

  // MARK: Unpacking

  private struct Unpacked {
    let name: String
    let diffID: Digest?
    let size: Int64
  }

  private func extract(_ source: any ByteSource, above lower: LowerStack?, hashing: Bool) throws(HullError) -> Unpacked {
    let name = DurableFiles.uniqueName(LayerStore.temporaryPrefix)
    temporaries.add(name)
    do throws(HullError) {
      let fs = OwnedDescriptor(try makeDirectories(name))
      let pipeline = Pipeline(try DecompressingSource(source))
      let hash = HashingChunks(pipeline)
      let chunks: any ChunkSource = hashing ? hash : pipeline
      var options = ExtractOptions()
      options.whiteouts = true
      options.lower = lower
      let extractor = try TarExtractor(root: fs.number, disk: DiskGuard(fs.number, place: root), options: options)
      let summary = try extractor.extract(TarReader(chunks, limits: options.limits))
      try chunks.drain()
      let size = summary.hasReplaced ? try TreeUsage(of: fs.number).content : summary.bytes
      return Unpacked(name: name, diffID: hashing ? hash.finish().digest : nil, size: size)
    } catch {
      drop(name)
      throw error
    }
  }

  private func makeDirectories(_ name: String) throws(HullError) -> Int32 {
    let fs = "\(name)/fs"
    guard mkdirat(directory, name, 0o711) == 0, mkdirat(directory, fs, 0o755) == 0, fchmodat(directory, fs, 0o755, 0) == 0 else {
      throw HullError("cannot make a directory for a layer", SystemError(errno, "mkdir \(name)"))
    }
    return try step("cannot unpack a layer") { () throws(SystemError) in
      try Files.open(fs, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: directory)
    }.take()
  }

  /// Gives an unpacked layer its name.
  private func reveal(_ layer: Unpacked, as info: LayerInfo) throws(HullError) -> LayerInfo {
    do throws(HullError) {
      let fd = OwnedDescriptor(
        try step("cannot finish layer \(info.diffID)") { () throws(SystemError) in
          try Files.open(layer.name, O_RDONLY | O_DIRECTORY, at: directory)
        }.take())
      try DurableFiles.write(Array("\(info.diffID) \(info.size)\n".utf8), name: LayerStore.infoName, in: fd.number, synced: false)
      try DurableFiles.rename(layer.name, in: directory, to: info.chain.hex, in: directory)
      temporaries.drop(layer.name)
      return info
    } catch {
      drop(layer.name)
      throw error
    }
  }

  /// Removes what could not become a layer.
  private func drop(_ name: String) {
    try? TreeRemoval.remove(Array(name.utf8), in: directory)
    temporaries.drop(name)
  }
}
