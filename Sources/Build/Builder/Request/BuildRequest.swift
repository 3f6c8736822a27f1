// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// What a client wants built, whichever way it asked (`POST /build`, BuildKit's `Solve`, `hull build`).
package struct BuildRequest: Sendable {
  /// Names this build in lists, events and for cancelling; unique.
  package var id: String
  /// The Dockerfile's path in its context.
  package var dockerfile = "Dockerfile"
  /// The Dockerfile itself, where it is not in a context.
  package var dockerfileText: [UInt8]?
  /// Which of the session's contexts has the Dockerfile: BuildKit sends it apart from the rest.
  package var dockerfileContext = "context"
  /// The main context when it is not the session's `context`: a Git or HTTP address.
  package var remoteContext: String?
  /// The session's `context` is an archive that the client has been given, not a directory of its own.
  package var uploadsContext = false
  /// The directory of the main context that stands for the whole, but for the Dockerfile; without slashes at its ends.
  package var contextDirectory = ""
  /// `--build-context name=value`: `docker-image://…`, `target:…`, a Git or HTTP address, `local:NAME` for one of the session's contexts.
  package var namedContexts: [String: String] = [:]
  /// What named contexts of the form `input:KEY` are, by their keys.
  package var inputs: [String: BuildInput] = [:]
  /// What the client says of inputs' images, as it says it, by the names of contexts.
  package var inputMetadata: [String: String] = [:]
  /// The options of the whole build, where this is a part of one that its client drives; `nil`: it is the whole.
  package var outerOptions: [String: String]?
  /// The main context, where it is one of `inputs`.
  package var contextInput: String?
  /// What has the Dockerfile, where it is one of `inputs`.
  package var dockerfileInput: String?
  /// What is built when there is no Dockerfile: a graph of the client's own.
  package var graph: BuildInput?
  /// The stage to build, by name or number; `nil`: the last.
  package var target: String?
  package var arguments: [String: String] = [:]
  package var labels: [String: String] = [:]
  package var annotations = ImageAnnotations()
  /// Names for the result.
  package var tags: [Reference] = []
  /// Empty: the machine's own.
  package var platforms: [Platform] = []
  package var noCache = false
  /// `--no-cache-filter`: stages whose steps are not taken from the cache.
  package var noCacheStages: Set<String> = []
  /// Ask registries for the base images even when they are here.
  package var pull = false
  /// `default` (or empty), `none`, `host`, or for `POST /build` whatever a container takes.
  package var network = ""
  package var limits = BuildLimits()
  /// The name of the host that commands see; empty: the builder's own.
  package var hostname = ""
  /// `name:address`
  package var extraHosts: [String] = []
  package var cacheFrom: [CacheLocation] = []
  package var cacheTo: [CacheLocation] = []
  package var outputs: [BuildOutput] = [.image(ImageOutput())]
  /// Seconds since 1970 that the image's times are set to, whatever `SOURCE_DATE_EPOCH` among the arguments or in the Dockerfile says.
  package var sourceDateEpoch: Int64?
  /// One layer of all that the build added (`--squash`).
  package var squash = false
  /// Only the build checks.
  package var checkOnly = false
  /// The Dockerfile is only read: the result has nothing else.
  package var readsOnly = false
  /// What to describe beside the image: `provenance` and `sbom` with their options (`mode=max`, …). `disabled=true`: not at all.
  package var attestations: [String: [String: String]] = [:]
  /// A failed command's file system is kept as an image (`FailedStep.repository`), for `hull build shell`.
  package var keepsFailed = false
  /// Says of each step that ran why it was not in the cache.
  package var explains = false
  /// Events also tell of instructions that only change the configuration, as the first builder's text does.
  package var tellsConfiguration = false
  /// The result has the build's provenance, whatever the outputs: for a history of builds.
  package var recordsProvenance = false
  /// What the client says of the version control that the context is under: `source`, `revision`.
  package var versionControl: [String: String] = [:]
  /// What the client lets the build do (`--allow`); the daemon has to let it, too.
  package var entitlements: Set<Entitlement> = []
  /// What it allows of sources, and what it has put in their place.
  package var policy = SourcePolicy()

  package init(id: String) { self.id = id }
}

/// Limits for the containers in which `RUN` works, as `docker run` has them; 0 and empty: none.
package struct BuildLimits: Sendable, Hashable {
  /// bytes
  package var memory: Int64 = 0
  package var memorySwap: Int64 = 0
  package var cpuShares: Int64 = 0
  package var cpuPeriod: Int64 = 0
  package var cpuQuota: Int64 = 0
  package var cpusetCpus = ""
  package var cpusetMems = ""
  package var cgroupParent = ""
  /// bytes
  package var shmSize: Int64 = 0
  package var ulimits: [Ulimit] = []

  package init() {}

  /// The same; what is not said is that of others.
  func filled(from others: BuildLimits) -> BuildLimits {
    var limits = self
    for path in [\BuildLimits.memory, \.memorySwap, \.cpuShares, \.cpuPeriod, \.cpuQuota, \.shmSize] where limits[keyPath: path] == 0 {
      limits[keyPath: path] = others[keyPath: path]
    }
    for path in [\BuildLimits.cpusetCpus, \.cpusetMems, \.cgroupParent] where limits[keyPath: path].isEmpty {
      limits[keyPath: path] = others[keyPath: path]
    }
    limits.ulimits = others.ulimits.filter { other in !ulimits.contains { $0.name == other.name } } + ulimits
    return limits
  }

  package struct Ulimit: Sendable, Hashable {
    package var name: String
    package var soft: Int64
    package var hard: Int64
    package init(name: String, soft: Int64, hard: Int64) {
      self.name = name
      self.soft = soft
      self.hard = hard
    }
  }
}

/// Where a cache comes from or goes to: `type=registry,ref=…`.
package struct CacheLocation: Sendable, Hashable {
  /// `registry`, `inline`, `local`; for `--cache-from` of an image name: `registry`.
  package var type: String
  package var attributes: [String: String]

  package init(type: String, attributes: [String: String]) {
    self.type = type
    self.attributes = attributes
  }
}

/// What is made of the result.
package enum BuildOutput: Sendable {
  /// Into the image store, and with `push` to a registry.
  case image(ImageOutput)
  /// An archive as `docker save` (`oci`: an OCI layout) writes it, given to the session under `id`.
  case archive(id: String, image: ImageOutput, oci: Bool)
  /// The file system as an archive, given to the session under `id`.
  case tar(id: String, files: FileOutput = FileOutput())
  /// The file system as files, given to the session under `id`.
  case local(id: String, files: FileOutput = FileOutput())
  /// Nothing: only the cache is filled.
  case none
}

extension BuildRequest {
  /// Its commands have the network of the host, or of a container, which may have the host's.
  var usesForeignNetwork: Bool { network == "host" || network.hasPrefix("container:") }
}
