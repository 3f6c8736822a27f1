// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ImageStore
import Threads

/// Why the store keeps something, and whether it is whole.
extension Engine {
  /// `GET /hull/store/why/{id}`.
  package func whyKept(_ id: String) async throws -> KeptObjectAnswer {
    let images = services.images
    var kept = try await Blocking.run { try images.why(id) }
    let registry = services.registry
    if kept.kind == .image {
      kept.reasons += Engine.holders(of: kept.object, in: registry).map { KeepReason(.container, Engine.containerName($0.id, in: registry)) }
    } else {
      kept.reasons = kept.reasons.map { $0.kind == .container ? KeepReason(.container, Engine.containerName($0.name, in: registry)) : $0 }
    }
    return StorageForm.kept(kept)
  }

  /// `POST /hull/store/check`.
  /// - Parameters:
  ///   - mend: removes what belongs to nothing, and mends what can be mended.
  ///   - deep: reads every blob.
  package func checkStore(mend: Bool, deep: Bool) async throws -> StoreCheckAnswer {
    let services = self.services
    return try await services.disk.lock.withLock {
      let report = try await StorageCheck(services: services, mend: mend, deep: deep).run()
      for problem in report.problems where problem.mended { services.log.notice("check: \(problem.object): \(problem.problem): mended") }
      return StorageForm.report(report)
    }
  }

  /// - Parameter holder: what a container holds layers by: its ID, and what follows a slash.
  private static func containerName(_ holder: String, in registry: ContainerRegistry) -> String {
    let id = String(holder.prefix { $0 != "/" })
    return registry.container(id: id)?.view.record.name ?? id
  }
}
