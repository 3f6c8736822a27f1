// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ImageStore
import OCISpec
import Threads

/// What `docker commit` says.
package struct CommitOptions: Sendable {
  package var container = ""
  package var repository = ""
  package var tag = ""
  package var comment = ""
  package var author = ""
  /// The workload stands still meanwhile.
  package var pause = true
  package var changes: [String] = []
  /// Takes the place of what the container's configuration says, where it says something.
  package var config = ContainerConfig()

  package init() {}
}

extension Engine {
  /// `POST /commit`: what a container changed becomes a layer on top of its image.
  /// - Returns: the new image's ID.
  package func commitContainer(_ options: CommitOptions) async throws -> IDResponse {
    let container = try find(options.container)
    let reference = try ImageForm.reference(options.repository, options.tag)
    // One that has just ended stands still by itself.
    let pauses = options.pause && container.view.status == .running ? (try? await container.pause()) != nil : false
    let outcome: Result<ImageID, any Error>
    do { outcome = .success(try await commit(container, options, reference)) } catch { outcome = .failure(error) }
    if pauses { try? await container.unpause() }
    let id = try outcome.get()
    await container.event("commit", ["comment": options.comment, "imageID": id.description, "imageRef": reference?.familiar ?? ""])
    await services.disk.enforce()
    var response = IDResponse()
    response.id = id.description
    return response
  }

  private func commit(_ container: Container, _ options: CommitOptions, _ reference: Reference?) async throws -> ImageID {
    let record = container.view.record
    var config = options.config
    if (config.env ?? []).isEmpty, (config.cmd ?? []).isEmpty, (config.entrypoint ?? []).isEmpty, config.user.isEmpty {
      config = record.definition.config
    } else {
      try config.complete(with: record.definition.config.processConfig)
    }
    var request = CommitRequest(
      parent: try? ImageID(record.definition.imageID), upper: container.layer.upper, config: config.processConfig, changes: options.changes)
    (request.author, request.comment, request.reference) = (options.author, options.comment, reference)
    request.createdBy = record.definition.config.commandLine.joined(separator: " ")
    let (images, made) = (services.images, request)
    defer { services.lookup.forget() }
    services.lookup.forget()
    return try await Blocking.stream { try images.commit(made) }
  }
}

extension ContainerConfig {
  /// What an image keeps of it.
  var processConfig: ProcessConfig {
    var config = ProcessConfig()
    config.user = user
    config.exposedPorts = exposedPorts.isEmpty ? nil : Set(exposedPorts.keys)
    config.environment = env
    config.entrypoint = entrypoint
    config.command = cmd
    config.volumes = volumes.map { Set($0.keys) }
    config.workingDirectory = workingDir.isEmpty ? nil : workingDir
    config.labels = labels
    config.stopSignal = stopSignal.isEmpty ? nil : stopSignal
    config.stopTimeout = stopTimeout
    config.onBuild = onBuild.isEmpty ? nil : onBuild
    config.shell = shell.isEmpty ? nil : shell
    if let healthcheck {
      var check = ProcessConfig.Healthcheck()
      check.test = healthcheck.test.isEmpty ? nil : healthcheck.test
      (check.interval, check.timeout, check.retries) = (healthcheck.interval, healthcheck.timeout, healthcheck.retries)
      (check.startPeriod, check.startInterval) = (healthcheck.startPeriod, healthcheck.startInterval)
      config.healthcheck = check
    }
    return config
  }
}
