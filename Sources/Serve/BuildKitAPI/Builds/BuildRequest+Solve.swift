// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import OCISpec

extension BuildRequest {
  /// - Parameters:
  ///   - solve: what the client wants made of the result.
  ///   - options: what it wants built, by the front end's keys.
  init(_ solve: ControlSolveRequest, options values: [String: String], frontend: String) throws {
    try Self.check(frontend, values)
    self.init(id: solve.ref)
    let options = FrontendOptions(values)
    try takeSources(options)
    arguments = options.group("build-arg:")
    labels = options.group("label:")
    target = options["target"]
    platforms = try options.list("platform").map(Platform.init(parsing:))
    noCache = values["no-cache"] == ""
    noCacheStages = Set(options.list("no-cache"))
    pull = options["image-resolve-mode"] == "pull"
    network = options["force-network-mode"] ?? ""
    hostname = arguments["BUILDKIT_SANDBOX_HOSTNAME"] ?? options["hostname"] ?? ""
    extraHosts = options.list("add-hosts").map(Self.host)
    limits = try BuildLimits(options)
    let question = options["requestid"].flatMap(Subrequest.init)
    (checkOnly, readsOnly) = (question == .check, question == .outline || question == .targets)
    // A client that drives its build itself says it of the build as a whole.
    attestations = FrontendOptions(solve.frontendAttrs).group("attest:").merging(options.group("attest:")) { $1 }.mapValues(FrontendOptions.pairs)
    for (key, value) in options.group("build-arg:BUILDKIT_ATTEST_") { attestations[key.lowercased()] = FrontendOptions.pairs(value) }
    versionControl = options.group("vcs:").filter { !$0.key.contains(":") && !$0.value.isEmpty }
    recordsProvenance = true
    entitlements = try Entitlement.set(solve.entitlements)
    policy = try SourcePolicy(solve.sourcePolicy)
    cacheFrom = solve.cache.imports.map { CacheLocation(type: $0.type, attributes: $0.attrs) }
    // As clients said it before there were other places than registries.
    cacheFrom += options.list("cache-from").map { CacheLocation(type: "registry", attributes: ["ref": $0]) }
    cacheTo = solve.cache.exports.map { CacheLocation(type: $0.type, attributes: $0.attrs) }
    try takeOutputs(solve.exporters)
  }

  /// Images of front ends are not run: `docker/dockerfile` is what is built in.
  private static func check(_ frontend: String, _ options: [String: String]) throws(HullError) {
    if frontend == "dockerfile.v0" { return }
    guard frontend == "gateway.v0", let source = options["source"] else {
      throw HullError(.unsupported, "no front end \(quoted(frontend)): use dockerfile.v0")
    }
    guard source == "dockerfile.v0" || source.hasPrefix("docker/dockerfile") || source.hasPrefix("docker.io/docker/dockerfile") else {
      throw HullError(.unsupported, "the front end \(quoted(source)) cannot be run: the syntax docker/dockerfile is built in")
    }
  }

  private mutating func takeSources(_ options: FrontendOptions) throws {
    dockerfile = options["filename"] ?? "Dockerfile"
    let remote = options["context"]
    // Of a directory of the client's only that directory is sent anyway.
    contextDirectory = remote == nil ? "" : TreePaths.clean(options["contextsubdir"] ?? "")
    uploadsContext = remote.map(UploadedContext.names) ?? false
    if !uploadsContext { remoteContext = remote }
    // A Dockerfile of the client's own goes before the one in a context from elsewhere.
    dockerfileContext = remote == nil || options["dockerfilekey"] != nil ? options["dockerfilekey"] ?? "dockerfile" : "context"
    namedContexts = options.group("context:")
  }

  /// `name=address` as `name:address`.
  private static func host(_ text: String) -> String {
    guard let mark = text.firstIndex(of: "=") else { return text }
    return text[..<mark] + ":" + text[text.index(after: mark)...]
  }

  /// Contexts and the Dockerfile may come as graphs.
  mutating func takeInputs(_ inputs: [String: LLBDefinition], _ options: [String: String]) throws(HullError) {
    // A graph that is none comes as an empty one.
    if inputs.values.contains(where: { $0.metadata.isEmpty }) {
      throw HullError(.invalidArgument, "invalid nil input definition to definition op")
    }
    let repository = inputs["context"].flatMap(SourceDefinition.init)?.repository
    if remoteContext == nil, !options.keys.contains("context"), let context = inputs["context"] {
      if let repository { remoteContext = repository } else { contextInput = "context" }
      // The same graph for both: the Dockerfile is in the repository.
      if options["dockerfilekey"] == nil, repository != nil, inputs["dockerfile"]?.def == context.def { dockerfileContext = "context" }
    }
    if options["dockerfilekey"] == nil, inputs["dockerfile"] != nil, dockerfileContext != "context" { dockerfileInput = "dockerfile" }
  }

  /// What a client says of its inputs' images, by their keys.
  static func inputConfigs(_ options: [String: String]) -> [String: ImageConfig] {
    let options = FrontendOptions(options)
    var configs = options.group("input-metadata:").compactMapValues(ImageMetadata.config(inInput:))
    // They may also go by the names of the contexts.
    for (name, value) in options.group("context:") where value.hasPrefix("input:") {
      let key = String(value.dropFirst("input:".count))
      configs[key] = configs[key] ?? configs[name]
    }
    return configs
  }

  /// What a client says of the image of its own graph.
  var graphConfig: ImageConfig? {
    outputs.lazy.compactMap { output in
      switch output {
      case .image(let options), .archive(_, let options, _): options.config
      case .tar, .local, .none: nil
      }
    }.first
  }
}

extension BuildLimits {
  init(_ options: FrontendOptions) throws(HullError) {
    self.init()
    memory = try options.number("memory")
    memorySwap = try options.number("memswap")
    cpuShares = try options.number("cpushares")
    cpuPeriod = try options.number("cpuperiod")
    cpuQuota = try options.number("cpuquota")
    cpusetCpus = options["cpusetcpus"] ?? ""
    cpusetMems = options["cpusetmems"] ?? ""
    cgroupParent = options["cgroup-parent"] ?? ""
    shmSize = try options.number("shm-size")
    ulimits = try options.list("ulimit").map(Self.ulimit)
  }

  /// `name=soft:hard` or `name=both`
  private static func ulimit(_ text: String) throws(HullError) -> Ulimit {
    let parts = text.split(separator: "=", maxSplits: 1)
    let numbers = parts.count == 2 ? parts[1].split(separator: ":").compactMap { Int64($0) } : []
    guard let soft = numbers.first, numbers.count <= 2 else {
      throw HullError(.invalidArgument, "ulimit \(quoted(text)): use name=soft:hard")
    }
    return Ulimit(name: String(parts[0]), soft: soft, hard: numbers.last ?? soft)
  }
}
