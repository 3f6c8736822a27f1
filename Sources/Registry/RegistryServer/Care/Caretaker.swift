// SPDX-License-Identifier: Apache-2.0
import Errors
import Logging
import NIOPosix
import RegistryStore
import Synchronization

/// When what is collected.
package struct CareSettings: Sendable {
  /// Seconds between collections; nil: never.
  package var interval: Int64? = 3600
  /// Seconds that a blob which no manifest needs stays.
  package var grace: Int64 = 3600
  /// Seconds after which an upload that nobody goes on with is forgotten.
  package var uploadAge: Int64 = 86_400
  package var retention: [(repositories: [NamePattern], rule: RetentionRule)] = []
  package init() {}
}

/// What has to be done from time to time, on one thread of its own.
struct Caretaker: Sendable {
  let store: RegistryStore
  let settings: CareSettings
  let log: AccessLog
  let logger: Logger

  func run() async {
    let thread = NIOThreadPool(numberOfThreads: 1)
    thread.start()
    let footprint = Mutex(Footprint())
    var ticks: Int64 = 0
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(250))
      ticks += 1
      let seconds = ticks / 4
      let isSecond = ticks % 4 == 0
      try? await thread.runIfActive {
        log.flush()
        guard isSecond else { return }
        footprint.withLock { $0.look() }
        if seconds % 60 == 0 { attempt { () throws(HullError) in try store.flushPulls() } }
        if seconds % 300 == 0 { store.closeIdleUploads() }
        if let interval = settings.interval, seconds % max(interval, 1) == 0 { attempt(collect) }
      }
    }
    try? await thread.shutdownGracefully()
  }

  /// Retention first, so that what it lets go of is collected in the same round once its grace is over.
  func collect() throws(HullError) {
    for decision in try retain(dryRun: false) {
      logger.info("retention: \(decision.repository) \(decision.tag ?? decision.digest.description): \(decision.reason)")
    }
    let report = try store.collect(grace: settings.grace, uploadAge: settings.uploadAge)
    if report != CollectionReport() {
      logger.info("collected \(report.blobs) blobs of \(report.bytes) bytes, unlinked \(report.unlinked), forgot \(report.uploads) uploads")
    }
  }

  func retain(dryRun: Bool) throws(HullError) -> [RetentionDecision] {
    var decisions: [RetentionDecision] = []
    for name in store.catalog.all {
      // The first that fits is the one.
      guard let rule = settings.retention.first(where: { $0.repositories.contains { $0.matches(name) } })?.rule else { continue }
      decisions += try store.retain(rule, in: name, dryRun: dryRun)
    }
    return decisions
  }

  private func attempt(_ work: () throws(HullError) -> Void) {
    do { try work() } catch { logger.error("\(error)") }
  }
}
