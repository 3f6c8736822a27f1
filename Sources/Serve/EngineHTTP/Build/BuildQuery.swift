// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import Errors
import OCISpec

/// What the query of `POST /build` asks for (Docker Engine API, ImageBuild).
struct BuildQuery {
  var request: BuildRequest
  /// `q`: only the image's ID is told.
  var isQuiet: Bool
  /// `rm`, `forcerm`: whether containers that are removed are told.
  var removesContainers: Bool

  /// Throws `invalidArgument` in Docker's words.
  init(_ query: Query, id: String) throws(HullError) {
    isQuiet = query.bool("q")
    removesContainers = query.bool("forcerm") || query.bool("rm", default: true) || query["rm"].isEmpty
    request = BuildRequest(id: query.text("buildid") ?? id)
    request.tellsConfiguration = true
    request.dockerfile = query.text("dockerfile") ?? "Dockerfile"
    request.remoteContext = query.text("remote")
    request.target = query.text("target")
    request.noCache = query.bool("nocache")
    request.pull = query.bool("pull")
    request.squash = query.bool("squash")
    request.network = query["networkmode"]
    request.extraHosts = query.all("extrahosts")
    request.tags = try Self.tags(query.all("t"))
    request.platforms = try Self.platform(query["platform"]).map { [$0] } ?? []
    request.arguments = try Self.json([String: String?].self, query, "buildargs", "error reading build args").compactMapValues { $0 }
    request.labels = try Self.json([String: String].self, query, "labels", "error reading labels")
    request.cacheFrom = try Self.json([String].self, query, "cachefrom", "error reading cache-from").map {
      CacheLocation(type: "registry", attributes: ["ref": $0])
    }
    request.limits = try Self.limits(query)
    try Self.checkRest(query)
    request.outputs = try Self.outputs(query)
  }

  // MARK: Values

  private static func tags(_ names: [String]) throws(HullError) -> [Reference] {
    var tags: [Reference] = []
    for name in names where !name.isEmpty {
      let reference = try Reference(name)
      guard reference.digest == nil else { throw HullError(.invalidArgument, "build tag cannot contain a digest") }
      let tag = reference.withDefaultTag
      if !tags.contains(tag) { tags.append(tag) }
    }
    return tags
  }

  /// One platform: the first builder, whose text this way in speaks, knows no more.
  private static func platform(_ text: String) throws(HullError) -> Platform? {
    if text.isEmpty { return nil }
    guard !text.contains(",") else {
      throw HullError(.invalidArgument, "\(quoted(text)) are several platforms: build them one by one, or with hull build or docker buildx build")
    }
    let platform = try Platform(parsing: text)
    // A single word must be a system or a machine that is known: `foobar` is neither.
    if !text.contains("/"), !Self.systems.contains(text.lowercased()), !Self.machines.contains(platform.architecture) {
      throw HullError(.invalidArgument, "\(quoted(text)): unknown operating system or architecture: invalid argument")
    }
    guard platform.os == "linux" else { throw HullError(.invalidArgument, "operating system is not supported: \(platform.os)") }
    return platform
  }

  private static let systems: Set<String> = ["linux", "windows", "darwin", "freebsd"]
  private static let machines: Set<String> = ["386", "amd64", "arm", "arm64", "loong64", "mips64", "mips64le", "ppc64le", "riscv64", "s390x"]

  private static func json<Value: Decodable & ZeroValue>(_ type: Value.Type, _ query: Query, _ name: String, _ what: String) throws(HullError)
    -> Value
  {
    guard let text = query.text(name) else { return Value() }
    do { return try DockerJSON.decode(type, from: text.utf8) } catch { throw HullError(.invalidArgument, "\(what): \(error.message)") }
  }

  private static func limits(_ query: Query) throws(HullError) -> BuildLimits {
    var limits = BuildLimits()
    limits.memory = number(query, "memory")
    limits.memorySwap = number(query, "memswap")
    limits.cpuShares = number(query, "cpushares")
    limits.cpuPeriod = number(query, "cpuperiod")
    limits.cpuQuota = number(query, "cpuquota")
    limits.cpusetCpus = query["cpusetcpus"]
    limits.cpusetMems = query["cpusetmems"]
    limits.cgroupParent = query["cgroupparent"]
    limits.shmSize = Int64(try query.int("shmsize") ?? 0)
    guard limits.shmSize >= 0 else { throw HullError(.invalidArgument, "SHM size can not be less than 0") }
    limits.ulimits = try json([Ulimit].self, query, "ulimits", "error reading ulimit settings").map {
      BuildLimits.Ulimit(name: $0.name, soft: $0.soft, hard: $0.hard)
    }
    return limits
  }

  /// As in Docker, what is no number is 0.
  private static func number(_ query: Query, _ name: String) -> Int64 { Int64(query[name]) ?? 0 }

  private static func checkRest(_ query: Query) throws(HullError) {
    if let version = query.text("version"), version != "1", version != "2" { throw HullError(.invalidArgument, "invalid version \(version)") }
    if let isolation = query.text("isolation"), isolation != "default" {
      throw HullError(.invalidArgument, "Unsupported isolation: \(quoted(isolation))")
    }
    if query.contains("securityopt") {
      throw HullError(.invalidArgument, "The daemon on this platform does not support setting security options on build")
    }
  }

  // MARK: Outputs

  private struct Output: ZeroValue, Sendable {
    @Field var type: String
    @OrNull var attributes: [String: String]?

    enum CodingKeys: String, CodingKey {
      case type = "Type"
      case attributes = "Attrs"
    }
  }

  /// The first builder's result is always an image; attributes say how its layers are stored.
  private static func outputs(_ query: Query) throws(HullError) -> [BuildOutput] {
    let given = try json([Output].self, query, "outputs", "error reading outputs")
    if given.isEmpty { return [.image(ImageOutput())] }
    var outputs: [BuildOutput] = []
    for output in given {
      let attributes = output.attributes ?? [:]
      guard ["moby", "image", "docker"].contains(output.type), ["", "image"].contains(attributes["type"] ?? "") else {
        throw HullError(.invalidArgument, "output type \(quoted(output.type)) needs a client session: use 'hull build' or 'docker buildx build'")
      }
      outputs.append(.image(try ImageOutput(attributes: attributes)))
    }
    return outputs
  }
}
