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
    attestations = options.group("attest:").mapValues(FrontendOptions.pairs)
    for (key, value) in options.group("build-arg:BUILDKIT_ATTEST_") { attestations[key.lowercased()] = FrontendOptions.pairs(value) }
    versionControl = options.group("vcs:").filter { !$0.key.contains(":") && !$0.value.isEmpty }
    recordsProvenance = true
    allowsInsecure = solve.entitlements.contains("security.insecure")
    cacheFrom = solve.cache.imports.map { CacheLocation(type: $0.type, attributes: $0.attrs) }
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
    namedContexts = options.group("context:").filter { !$0.value.hasPrefix("input:") }
  }

  /// `name=address` as `name:address`.
  private static func host(_ text: String) -> String {
    guard let mark = text.firstIndex(of: "=") else { return text }
    return text[..<mark] + ":" + text[text.index(after: mark)...]
  }

  /// The main context may come as a graph of a single source.
  mutating func takeInputs(_ inputs: [String: LLBDefinition]) {
    guard remoteContext == nil, let source = inputs["context"].flatMap(SourceDefinition.init) else { return }
    remoteContext = source.address
    if inputs["dockerfile"] == nil || inputs["dockerfile"].flatMap(SourceDefinition.init) != nil { dockerfileContext = "context" }
  }

  /// Contexts that are results of other builds, by the names of the results.
  static func linkedContexts(_ options: [String: String], _ inputs: [String: LLBDefinition]) throws(HullError) -> [String: String] {
    var linked: [String: String] = [:]
    for (name, value) in FrontendOptions(options).group("context:") where value.hasPrefix("input:") {
      guard let definition = inputs[String(value.dropFirst("input:".count))], let result = ResultReference.name(in: definition) else {
        throw HullError(.unsupported, "build context \(quoted(name)): build graphs of clients are not supported")
      }
      linked[name] = result
    }
    return linked
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
