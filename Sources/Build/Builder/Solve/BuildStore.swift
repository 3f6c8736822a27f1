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
  let claim: Claim
  private let pending = Monitor<[(step: StepRecord, layers: [LayerInfo])]>([])
  private let flushing = Monitor<Void>(())
  private let used = Monitor<[Digest]>([])
  /// What caches from elsewhere have.
  let lent = LentSteps()
  /// Everything that this build has had or made.
  private let records = Monitor<[StepRecord]>([])
  /// Cache mounts of this build: their IDs and where they are.
  private let mounts = Monitor<[String: CacheMounts.Lease]>([:])
  /// Steps of which this build has had no more than their names.
  private let names = Monitor<[CacheDocument.Step]>([])
  /// What was taken from file systems, and what that was.
  let selections = KnownSelections()

  private static let longestDescription = 4096

  init(_ images: ImageStore) {
    self.images = images
    claim = images.claim()
  }

  /// Writes down what was not yet; what nothing needs is removed. Blocking.
  func finish() throws(HullError) {
    defer { try? claim.release() }
    try flush()
    images.touchBuildSteps(used.with { $0 })
  }

  /// Writes down what steps gave since the last time. Blocking.
  func flush() throws(HullError) {
    // Who finishes waits for who is writing: what is not written down yet must stay claimed.
    try flushing.with { (_) throws(HullError) in
      let steps = pending.with { pending in
        defer { pending = [] }
        return pending
      }
      try images.record(steps)
    }
  }

  /// A step's result, when it is in the cache and still there.
  /// - Parameter standsAlone: the layer may be put on top of others than those that it was made on.
  func cached(
    _ key: Digest, above base: FileSystem, standsAlone: Bool = false
  ) throws(HullError) -> (record: StepRecord, result: FileSystem)? {
    if let found = pending.with({ $0.last { $0.step.key == key && $0.step.base == base.chain }?.step }) { return (found, extended(base, found)) }
    guard let record = try images.buildStep(key) else { return nil }
    guard record.base == base.chain else { return standsAlone ? try moved(record, onto: base) : nil }
    if let layer = record.layer, let descriptor = record.descriptor {
      claim.claim(blobs: [descriptor.digest], chains: [layer.chain], recorded: true)
      guard images.layers.info(layer.chain) != nil, images.blobs.size(of: descriptor.digest) != nil else { return nil }
    }
    used.with { $0.append(key) }
    records.with { $0.append(record) }
    return (record, extended(base, record))
  }

  /// The same layer on top of others.
  private func moved(_ found: StepRecord, onto base: FileSystem) throws(HullError) -> (record: StepRecord, result: FileSystem)? {
    var record = found
    record.base = base.chain
    guard base.isHere else { return (record, named(CacheDocument.Step(record), above: base)) }
    if let layer = found.layer, let blob = found.descriptor {
      claim.claim(blobs: [blob.digest])
      guard images.blobs.size(of: blob.digest) != nil else { return nil }
      record.layer = try images.unpackLayer(blob, diffID: layer.diffID, above: base.infos, claim)
    }
    let result = extended(base, record)
    remember(record, result)
    return (record, result)
  }

  /// A step's result that a cache from elsewhere has, whose blob is here by now: its layer is unpacked, which proves what is in it.
  func borrow(_ lent: LentSteps.Step, above base: FileSystem, site: String) throws(HullError) -> FileSystem {
    let step = lent.step
    var record = StepRecord(
      key: step.key, site: site, description: String(step.description.prefix(Self.longestDescription)), base: base.chain, layer: nil,
      descriptor: lent.blob, created: min(max(step.created, 0), BuildClock.now()), ingredients: [])
    if let blob = lent.blob, let diffID = step.diffID {
      record.layer = try images.unpackLayer(blob, diffID: diffID, above: base.infos, claim)
    }
    let result = extended(base, record)
    remember(record, result)
    return result
  }

  /// The name of a step's result, when a cache from elsewhere has at least that.
  func named(_ key: Digest, above base: FileSystem, standsAlone: Bool) -> FileSystem? {
    lent.steps(key).first { standsAlone || $0.step.base == base.chain }.map { named($0.step, above: base) }
  }

  private func named(_ step: CacheDocument.Step, above base: FileSystem) -> FileSystem {
    var step = step
    step.base = base.chain
    names.with { $0.append(step) }
    return base.naming(step.diffID)
  }

  /// Steps of which there are only names here.
  var namedSteps: [CacheDocument.Step] { names.with { $0 } }

  /// Keeps blobs as long as the build takes.
  func claim(blobs: [Digest]) { claim.claim(blobs: blobs) }

  /// Everything that this build has had from the cache or put into it.
  var known: [StepRecord] {
    var seen: Set<Digest> = []
    return records.with { $0 }.filter { seen.insert($0.key).inserted }
  }

  /// Cache mounts that this build has used: ID and directory, sorted.
  var mountsUsed: [(id: String, lease: CacheMounts.Lease)] { mounts.with { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

  func note(mount id: String, at lease: CacheMounts.Lease) { mounts.with { $0[id] = lease } }

  private func extended(_ base: FileSystem, _ record: StepRecord) -> FileSystem {
    guard let layer = record.layer, let descriptor = record.descriptor else { return base }
    return base.adding(FileSystem.Layer(info: layer, descriptor: descriptor, created: record.created))
  }

  /// A result that another build has made is this build's, too.
  func adopt(_ result: FileSystem) { result.claim(with: claim) }

  func remember(_ record: StepRecord, _ result: FileSystem) {
    pending.with { $0.append((record, result.infos)) }
    records.with { $0.append(record) }
  }

  /// Makes a layer on top of others. Blocking.
  /// - Returns: the same file system when nothing is in the layer.
  func makeLayer(above base: FileSystem, _ write: (any ByteSink) throws(HullError) -> Void) throws(HullError) -> FileSystem {
    guard let (info, descriptor) = try images.makeLayer(above: base.infos, claim, write) else { return base }
    return base.adding(FileSystem.Layer(info: info, descriptor: descriptor, created: BuildClock.now()))
  }

  /// The same of entries. Blocking.
  func makeLayer(above base: FileSystem, _ write: (TarWriter) throws(HullError) -> Void) throws(HullError) -> FileSystem {
    try makeLayer(above: base) { (sink: any ByteSink) throws(HullError) in
      let buffered = BufferedSink(sink)
      let writer = TarWriter(buffered)
      try write(writer)
      try writer.finish()
      try buffered.flush()
    }
  }

  /// Makes the manifests of built images; they stay as long as the build. Blocking.
  func prepare(_ requests: [BuiltImageRequest], _ index: BuiltIndexRequest) throws(HullError) -> BuiltContent {
    try images.prepare(built: requests, index: index, claim)
  }

  /// Layers' blobs in a form. Blocking.
  func formed(_ layers: [Descriptor], as form: LayerForm) throws(HullError) -> [Descriptor] {
    let (images, claim) = (images, claim)
    // What is in that form already needs no thread.
    let work = layers.count { form.changes($0) }
    return try Parallel.map(layers.count, atMost: min(ImageStore.unpackers, work)) { (index) throws(HullError) in
      try images.formed(layers[index], as: form, claim)
    }
  }

  /// The same file system with no time later than a given one in the layers above the first ones. Blocking.
  /// - Parameters:
  ///   - latest: seconds since 1970.
  ///   - kept: how many of the lowest layers stay as they are.
  func clamped(_ fileSystem: FileSystem, latest: Int64, above kept: Int) throws(HullError) -> FileSystem {
    var result = FileSystem(layers: Array(fileSystem.layers.prefix(kept)))
    for layer in fileSystem.layers.dropFirst(kept) {
      guard let made = try images.clamped(layer.descriptor, latest: latest, above: result.infos, claim) else { continue }
      result.layers.append(FileSystem.Layer(info: made.info, descriptor: made.descriptor, created: layer.created))
    }
    return result
  }

  /// The layers of an image that is here. Blocking.
  func fileSystem(of image: Digest) throws(HullError) -> FileSystem {
    let (infos, manifest) = try images.layered(image)
    let result = FileSystem(layers: zip(infos, manifest.layers).map { FileSystem.Layer(info: $0, descriptor: $1) })
    result.claim(with: claim, recorded: true)
    return result
  }

  /// The files of a file system. Blocking.
  func tree(of fileSystem: FileSystem) throws(HullError) -> any FileTree {
    guard fileSystem.isHere else { throw HullError(.internalError, "the layers of a file system are not here") }
    let lower = Array(fileSystem.infos.reversed().map { images.layers.path(of: $0.chain) })
    guard !lower.isEmpty else { return TreePack.empty }
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
