// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import ImageStore
import Layers
import LinuxSystem
import OCISpec
import Threads

/// The store as steps of one build use it: everything that they use or make is claimed until the build ends.
final class BuildStore: Sendable {
  let images: ImageStore
  private let claim: Claim
  private let pending = Monitor<[(step: StepRecord, layers: [LayerInfo])]>([])
  private let used = Monitor<[Digest]>([])

  init(_ images: ImageStore) {
    self.images = images
    claim = images.claim()
  }

  /// Writes down what was not yet; what nothing needs is removed. Blocking.
  func finish() throws(HullError) {
    defer { try? claim.release() }
    try flush()
    try images.touchBuildSteps(used.with { $0 })
  }

  /// Writes down what steps gave since the last time. Blocking.
  func flush() throws(HullError) {
    let steps = pending.with { pending in
      defer { pending = [] }
      return pending
    }
    try images.record(steps)
  }

  /// A step's result, when it is in the cache and still there.
  func cached(_ key: Digest, above base: FileSystem) throws(HullError) -> (record: StepRecord, result: FileSystem)? {
    if let found = pending.with({ $0.last { $0.step.key == key }?.step }) { return (found, extended(base, found)) }
    guard let record = try images.buildStep(key), record.base == base.chain else { return nil }
    if let layer = record.layer, let descriptor = record.descriptor {
      claim.claim(blobs: [descriptor.digest], chains: [layer.chain])
      guard images.layers.info(layer.chain) != nil, images.blobs.size(of: descriptor.digest) != nil else { return nil }
    }
    used.with { $0.append(key) }
    return (record, extended(base, record))
  }

  private func extended(_ base: FileSystem, _ record: StepRecord) -> FileSystem {
    guard let layer = record.layer, let descriptor = record.descriptor else { return base }
    return base.adding(FileSystem.Layer(info: layer, descriptor: descriptor, created: record.created))
  }

  func remember(_ record: StepRecord, _ result: FileSystem) { pending.with { $0.append((record, result.infos)) } }

  /// Makes a layer on top of others. Blocking.
  /// - Returns: the same file system when nothing is in the layer.
  func makeLayer(above base: FileSystem, _ write: (any ByteSink) throws(HullError) -> Void) throws(HullError) -> FileSystem {
    guard let (info, descriptor) = try images.makeLayer(above: base.infos, claim, write) else { return base }
    return base.adding(FileSystem.Layer(info: info, descriptor: descriptor, created: BuildClock.now()))
  }

  /// The layers of an image that is here. Blocking.
  func fileSystem(of image: Digest) throws(HullError) -> FileSystem {
    let (infos, manifest) = try images.layered(image)
    claim.claim(blobs: manifest.layers.map(\.digest), chains: infos.map(\.chain))
    return FileSystem(layers: zip(infos, manifest.layers).map { FileSystem.Layer(info: $0, descriptor: $1) })
  }

  /// The files of a file system. Blocking.
  func tree(of fileSystem: FileSystem) throws(HullError) -> any FileTree {
    let lower = Array(fileSystem.infos.reversed().map { images.layers.path(of: $0.chain) })
    guard !lower.isEmpty else { return TreePack(fd: -1, nodes: [:]) }
    let mount = try step("cannot look into a stage's file system") { () throws(SystemError) in try UnionMount.detached(lower: lower) }
    return DirectoryTree(mount, place: "the file system")
  }
}

enum BuildClock {
  /// Nanoseconds since 1970.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
