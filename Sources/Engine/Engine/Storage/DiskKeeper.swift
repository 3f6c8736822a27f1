// SPDX-License-Identifier: Apache-2.0
import Archive
import Builder
import Errors
import ImageStore
import Logging
import OCISpec
import Synchronization
import Threads

/// Looks after the disk that images and the build cache take: keeps them within their limits, and takes away what operations have left behind.
final class DiskKeeper: Sendable {
  /// What events give as the reason.
  private static let reason = "disk budget"
  /// Ticks between two sweeps: an hour.
  private static let sweepEvery = 6

  /// Held while the store is checked or swept.
  let lock = AsyncLock()
  private let budget: DiskBudget
  private let policy: BuildCachePolicy
  private let builder = Late<Builder>()
  private let images: ImageStore
  private let lookup: ImageLookup
  private let registry: ContainerRegistry
  private let events: EventBus
  private let log: Logger
  private let timer = Mutex<Task<Void, Never>?>(nil)
  private let isOver = Mutex(false)
  /// The results of builds are gathered for so long: looking through the whole cache takes longer than a build that finds everything in it.
  private let cacheCare = Afterwards(.seconds(2))

  init(
    budget: DiskBudget, cache: BuildCachePolicy, images: ImageStore, lookup: ImageLookup, registry: ContainerRegistry, events: EventBus, log: Logger
  ) {
    self.budget = budget
    policy = cache
    self.images = images
    self.lookup = lookup
    self.registry = registry
    self.events = events
    self.log = log
    guard budget != .none else { return }
    images.blobs.beforeReceiving { [weak self] in self?.makeRoom(for: $0) }
  }

  /// From now on the build cache belongs to it. Once.
  func look(after builder: Builder) { self.builder.set(builder) }

  /// To be called when images or results of builds have come in.
  func enforce() async {
    cacheCare.run { [weak self] in self?.limitCache() }
    guard budget != .none else { return }
    _ = try? await Blocking.stream { [self] in makeRoom(for: 0) }
  }

  /// Takes of the build cache what is too much. Blocking.
  private func limitCache() {
    guard let builder = builder.value else { return }
    do throws(HullError) {
      let disk = try DiskSpace(at: images.blobs.root)
      for prune in policy.prunes(disk: disk.total, now: Timestamp.now()) {
        let pruned = try builder.pruneCache(prune)
        guard !pruned.records.isEmpty else { continue }
        log.notice("build cache: \(pruned.records.count) records removed, \(pruned.bytes) bytes freed")
        events.publish("builder", "prune", id: "", attributes: ["reclaimed": String(pruned.bytes), "reason": "limits of the build cache"])
      }
    } catch { log.error("cannot limit the build cache: \(error)") }
  }

  private var reclaimable: ReclaimableCache? {
    guard let builder = builder.value else { return nil }
    return ReclaimableCache(
      outside: { () throws(HullError) -> Int64 in try builder.cacheMountBytes() + builder.contextBytes },
      remove: { (bytes) throws(HullError) -> Int64 in
        var prune = CachePrune()
        prune.enough = bytes
        return try builder.pruneCache(prune).bytes
      })
  }

  /// Every ten minutes, until `stop`.
  func start(every interval: Duration) {
    let task = Task { [weak self] in
      var ticks = 0
      while (try? await Task.sleep(for: interval, tolerance: interval / 10)) != nil, let self {
        ticks += 1
        if ticks % Self.sweepEvery == 1 { await sweep() }
        await enforce()
      }
    }
    timer.withLock { $0 = task }
  }

  func stop() { timer.withLock { $0?.cancel() } }

  /// Takes away what belongs to nothing. What fails is tried again the next time.
  private func sweep() async {
    await lock.withLock {
      do {
        let images = self.images
        for gone in try await Blocking.stream({ try images.sweep() }) {
          log.notice("swept: \(gone.object): \(gone.problem): \(gone.bytes) bytes freed")
        }
      } catch { log.error("cannot sweep the image store: \(error)") }
    }
  }

  /// Blocking. A failure is logged: what comes in will say itself when there is no room for it.
  private func makeRoom(for incoming: Int64) {
    do throws(HullError) {
      let registry = self.registry
      guard let reclaimed = try images.reclaim(budget, incoming: incoming, cache: reclaimable, holders: { Engine.holders(of: $0, in: registry) })
      else {
        return isOver.withLock { $0 = false }
      }
      tell(reclaimed)
    } catch { log.error("cannot make room for images: \(error)") }
  }

  private func tell(_ reclaimed: Reclaimed) {
    if !reclaimed.images.isEmpty { lookup.forget() }
    for (image, removals) in reclaimed.images {
      events.publish(removals, of: image.id, reason: Self.reason)
      let name = (image.tags.first ?? image.digests.first)?.familiar ?? image.id.short
      log.notice("disk budget: image \(name) removed, last used \(Timestamp.text(image.lastUse))")
    }
    for download in reclaimed.downloads { log.notice("disk budget: cut download \(download) removed") }
    if reclaimed.cache > 0 {
      log.notice("disk budget: \(reclaimed.cache) bytes of build cache removed")
      events.publish("builder", "prune", id: "", attributes: ["reclaimed": String(reclaimed.cache), "reason": Self.reason])
    }
    if reclaimed.bytes > 0 {
      log.notice("disk budget: \(reclaimed.bytes) bytes freed, \(reclaimed.used) of \(reclaimed.limit) bytes in use")
    }
    let wasOver = isOver.withLock { isOver in
      defer { isOver = reclaimed.isOver }
      return isOver
    }
    if reclaimed.isOver, !wasOver {
      log.warning(
        "disk budget exceeded: images take \(reclaimed.used) of \(reclaimed.limit) bytes, and all are in use: remove containers or raise --disk-budget"
      )
    }
  }
}

extension EventBus {
  /// Tells what a removal consisted of.
  func publish(_ removals: [Removal], of id: ImageID, reason: String? = nil) {
    let more = reason.map { ["reason": $0] } ?? [:]
    func publish(_ action: String, _ id: ImageID, _ name: String) {
      self.publish("image", action, id: id.description, attributes: more.merging(["name": name]) { $1 })
    }
    for removal in removals {
      switch removal {
      case .untagged(let name): publish("untag", id, name)
      case .deletedImage(let id): publish("delete", id, id.description)
      case .deletedLayer: break
      }
    }
  }
}
