// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import OCISpec

/// The way back from `ContainerConfig.complete(with:)`, so that a container can be made anew from another image.
extension ContainerConfig {
  /// What the user said: without what is as the image says. What both say the same is taken for the image's.
  func parted(from image: ProcessConfig) -> ContainerConfig {
    var own = self
    if user == image.user { own.user = "" }
    for port in image.exposedPorts ?? [] { own.exposedPorts[port] = nil }
    let environment = Set(image.environment ?? [])
    own.env = env?.filter { !environment.contains($0) }
    own.labels = labels?.filter { image.labels?[$0.key] != $0.value }
    partCommand(&own, image)
    own.healthcheck = partedHealthcheck(image.healthcheck)
    if workingDir == image.workingDirectory { own.workingDir = "" }
    for path in image.volumes ?? [] { own.volumes?[path] = nil }
    if stopSignal == image.stopSignal { own.stopSignal = "" }
    if stopTimeout == image.stopTimeout { own.stopTimeout = nil }
    return own
  }

  /// The image's command counts only together with its entrypoint; a container without the entrypoint that the image has was told so.
  private func partCommand(_ own: inout ContainerConfig, _ image: ProcessConfig) {
    if (entrypoint ?? []).isEmpty, !(image.entrypoint ?? []).isEmpty {
      own.entrypoint = [""]
    } else if entrypoint == image.entrypoint || (entrypoint ?? []).isEmpty {
      own.entrypoint = nil
      if cmd == image.command { own.cmd = nil }
    }
  }

  private func partedHealthcheck(_ image: ProcessConfig.Healthcheck?) -> HealthConfig? {
    guard let image, var own = healthcheck else { return healthcheck }
    if own.test == image.test { own.test = [] }
    if own.interval == image.interval { own.interval = 0 }
    if own.timeout == image.timeout { own.timeout = 0 }
    if own.startPeriod == image.startPeriod { own.startPeriod = 0 }
    if own.startInterval == image.startInterval { own.startInterval = 0 }
    if own.retries == image.retries { own.retries = 0 }
    return own == HealthConfig() ? nil : own
  }
}

extension HostConfig {
  /// Without the defaults that follow from other members, so that they follow again when those change.
  func parted() -> HostConfig {
    var own = self
    if maskedPaths == Defaults.maskedPaths { own.maskedPaths = nil }
    if readonlyPaths == Defaults.readonlyPaths { own.readonlyPaths = nil }
    if memory > 0 && memorySwap == 2 * memory { own.memorySwap = 0 }
    return own
  }
}
