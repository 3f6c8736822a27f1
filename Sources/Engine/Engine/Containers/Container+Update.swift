// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import LaunchCompiler
import Threads

extension Container {
  /// Changes limits and the restart policy; what the request leaves at zero stays as it is.
  func update(_ request: ContainerUpdateRequest) async throws -> [String] {
    try await lock.withLock {
      if removing || state.status == .dead { throw HullError(.conflict, "Container is marked for removal and cannot be \"update\".") }
      var changed = request
      var validation = Validation(runtimes: services.runtimeNames, defaultRuntime: services.configuration.defaultRuntime)
      try validation.check(&changed, update: true)
      let merged = try ResourceMerge.merge(changed, over: host)
      var definition = record.definition
      definition.hostConfig = merged
      if state.status == .running || state.status == .paused {
        let resources = try await Blocking.run { try LaunchCompiler.resources(ResourceSpec.resources(merged)) }
        try await runningShim().call(.update(resources))
      }
      try await services.store.save(definition, of: id)
      record.definition = definition
      event("update")
      return validation.warnings
    }
  }

  func rename(to name: String) async throws {
    try await lock.withLock {
      let old = record.name
      if old == name { throw HullError(.invalidArgument, "Renaming a container with the same name as its current name") }
      do throws(HullError) { try services.registry.reserve(name, for: id) } catch {
        throw HullError(error.code, "Error when allocating new name: \(error.message)")
      }
      do { try await services.store.rename(id, to: name) } catch {
        services.registry.release(name, of: id)
        throw error
      }
      record.name = name
      services.registry.release(old, of: id)
      let connection = self.connection
      if let live = state.connection { try? await Blocking.run { try connection.renamed(live) } }
      event("rename", ["oldName": "/" + old])
    }
  }
}

/// How an update's values go over those that a container has.
enum ResourceMerge {
  static func merge(_ new: HostConfig, over old: HostConfig) throws(HullError) -> HostConfig {
    var result = old
    if new.nanoCPUs != 0 && (old.cpuPeriod != 0 || old.cpuQuota != 0) {
      throw HullError(.invalidArgument, "Conflicting options: Nano CPUs cannot be updated as CPU Period or Quota has already been set")
    }
    if (new.cpuPeriod != 0 || new.cpuQuota != 0) && old.nanoCPUs != 0 {
      throw HullError(.invalidArgument, "Conflicting options: CPU Period or Quota cannot be updated as NanoCPUs has already been set")
    }
    let numbers: [WritableKeyPath<HostConfig, Int64>] = [
      \.cpuShares, \.nanoCPUs, \.cpuPeriod, \.cpuQuota, \.cpuRealtimePeriod, \.cpuRealtimeRuntime, \.memory, \.memorySwap, \.memoryReservation,
    ]
    for path in numbers where new[keyPath: path] != 0 { result[keyPath: path] = new[keyPath: path] }
    if !new.cpusetCpus.isEmpty { result.cpusetCpus = new.cpusetCpus }
    if !new.cpusetMems.isEmpty { result.cpusetMems = new.cpusetMems }
    if new.blkioWeight != 0 { result.blkioWeight = new.blkioWeight }
    if let limit = new.pidsLimit { result.pidsLimit = limit }
    if result.memory > 0 && new.memory > 0 && new.memorySwap == 0 && old.memorySwap > 0 && new.memory > old.memorySwap {
      throw HullError(
        .invalidArgument, "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time")
    }
    if !new.restartPolicy.name.isEmpty {
      guard !old.autoRemove || new.restartPolicy.isNone else {
        throw HullError(.invalidArgument, "Restart policy cannot be updated because AutoRemove is enabled for the container")
      }
      result.restartPolicy = new.restartPolicy
    }
    return result
  }
}
