// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import Errors
import OCISpec

extension BuildRequest {
  /// What `hull build` asks for. Throws `invalidArgument` for names and values that mean nothing.
  init(_ asked: HullBuildRequest, id: String) throws(HullError) {
    self.init(id: id)
    dockerfile = asked.dockerfile.isEmpty ? "Dockerfile" : asked.dockerfile
    dockerfileText = asked.dockerfileText.map { Array($0.utf8) }
    remoteContext = asked.remote.isEmpty ? nil : asked.remote
    namedContexts = asked.buildContexts
    target = asked.target.isEmpty ? nil : asked.target
    (arguments, labels) = (asked.buildArgs, asked.labels)
    for (key, value) in asked.annotations.sorted(by: { $0.key < $1.key }) { try annotations.add(option: key, value) }
    for tag in asked.tags { tags.append(try Reference(tag).withDefaultTag) }
    for platform in asked.platforms { platforms.append(try Platform(parsing: platform)) }
    (noCache, noCacheStages, pull) = (asked.noCache, Set(asked.noCacheFilter), asked.pull)
    (network, extraHosts, limits) = (asked.network, asked.extraHosts, BuildLimits(asked))
    cacheFrom = asked.cacheFrom.map { CacheLocation(attributes: $0) }
    cacheTo = asked.cacheTo.map { CacheLocation(attributes: $0) }
    outputs = try asked.outputs.map { attributes throws(HullError) in try BuildOutput(attributes) }
    if outputs.isEmpty { outputs = [.image(ImageOutput())] }
    keepsFailed = true
    (squash, checkOnly, explains) = (asked.squash, asked.check, asked.explain)
    sourceDateEpoch = asked.sourceDateEpoch
    attestations = asked.attestations
    entitlements = try Entitlement.set(asked.allow)
    // Who asks for the host's network for the whole build has said it.
    if network == "host" { entitlements.insert(.hostNetwork) }
  }
}

extension HullBuildRequest {
  /// What the client's directory is called, by which people know a build again; `nil`: the context is elsewhere.
  var directoryName: String? { contextKeys["context"]?.prefix { $0 != "\n" }.split(separator: "/").last.map(String.init) }
}

extension BuildLimits {
  fileprivate init(_ asked: HullBuildRequest) {
    self.init()
    (memory, memorySwap) = (asked.memory, asked.memorySwap)
    (cpuShares, cpuPeriod, cpuQuota) = (asked.cpuShares, asked.cpuPeriod, asked.cpuQuota)
    (cpusetCpus, cpusetMems, cgroupParent, shmSize) = (asked.cpusetCpus, asked.cpusetMems, asked.cgroupParent, asked.shmSize)
    ulimits = asked.ulimits.map { Ulimit(name: $0.name, soft: $0.soft, hard: $0.hard) }
  }
}

extension CacheLocation {
  /// `type=registry,ref=…` taken apart.
  fileprivate init(attributes: [String: String]) {
    var attributes = attributes
    self.init(type: attributes.removeValue(forKey: "type") ?? "registry", attributes: attributes)
  }
}

extension BuildOutput {
  /// `type=image,…` taken apart; outputs that the client takes have its `id`.
  fileprivate init(_ attributes: [String: String]) throws(HullError) {
    let id = attributes["id"] ?? ""
    var image = try ImageOutput(attributes: attributes)
    switch attributes["type"] ?? "image" {
    case "image", "moby": self = .image(image)
    case "registry":
      (image.push, image.pushOnly) = (true, true)
      self = .image(image)
    case "docker": self = id.isEmpty ? .image(image) : .archive(id: id, image: image, oci: false)
    case "oci": self = .archive(id: id, image: image, oci: true)
    case "tar": self = .tar(id: id, files: try FileOutput(attributes: attributes))
    case "local": self = .local(id: id, files: try FileOutput(attributes: attributes))
    case "none", "cacheonly": self = .none
    case let type:
      throw HullError(.invalidArgument, "outputs of type \(quoted(type)) are not supported: use image, registry, docker, oci, tar or local")
    }
  }
}
