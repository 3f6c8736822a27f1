// SPDX-License-Identifier: Apache-2.0
import Errors

/// The request of a build, from its flags.
struct BuildRequestForm {
  let json: JSON

  init(_ call: Invocation, _ source: BuildSource, _ outputs: BuildOutputs, _ caches: BuildCaches) throws {
    var request = JSONObject()
    Self.addSource(source, to: &request)
    try Self.addValues(call, to: &request)
    try Self.addLimits(call, to: &request)
    request.append("cacheFrom", .array(caches.sources.map(\.json)))
    request.append("cacheTo", .array(caches.targets.map(\.json)))
    request.append("outputs", outputs.json)
    request.append("attestations", try Self.attestations(call))
    json = .object(request)
  }

  private static func addSource(_ source: BuildSource, to request: inout JSONObject) {
    request.append("dockerfile", .string(source.dockerfile))
    if let text = source.text { request.append("dockerfileText", .string(text)) }
    request.append("remote", .string(source.remote))
    request.append("buildContexts", object(source.named))
    request.append("contextKeys", object(source.contexts.mapValues(\.key)))
  }

  private static func addValues(_ call: Invocation, to request: inout JSONObject) throws {
    var arguments = try pairs(call.list("build-arg"), flag: "build-arg") { Environment.value($0) }
    // As with docker buildx: a date in the environment is one for the build.
    if arguments["SOURCE_DATE_EPOCH"] == nil { arguments["SOURCE_DATE_EPOCH"] = Environment.value("SOURCE_DATE_EPOCH") }
    request.append("buildArgs", object(arguments))
    request.append("labels", object(try pairs(call.list("label"), flag: "label") { _ in "" }))
    request.append("annotations", object(try pairs(call.list("annotation"), flag: "annotation") { _ in nil }))
    request.append("tags", .strings(call.list("tag")))
    request.append("platforms", .strings(call.list("platform").flatMap { Text.split($0, ",") }.filter { !$0.isEmpty }))
    request.append("target", .string(call.string("target")))
    for (key, flag) in [("noCache", "no-cache"), ("pull", "pull"), ("squash", "squash"), ("explain", "explain")] {
      request.append(key, .bool(call.bool(flag)))
    }
    guard ["build", "check"].contains(call.string("call")) else {
      throw HullError(.unsupported, "--call=\(call.string("call")) is not supported: use build or check")
    }
    request.append("check", .bool(call.bool("check") || call.string("call") == "check"))
    request.append("noCacheFilter", .strings(call.list("no-cache-filter").flatMap { Text.split($0, ",") }))
    request.append("network", .string(call.string("network")))
    request.append("extraHosts", .strings(call.list("add-host")))
    request.append("allow", .strings(call.list("allow").flatMap { Text.split($0, ",") }))
  }

  private static func addLimits(_ call: Invocation, to request: inout JSONObject) throws {
    for (key, flag) in [
      ("memory", "memory"), ("cpuShares", "cpu-shares"), ("cpuPeriod", "cpu-period"), ("cpuQuota", "cpu-quota"), ("shmSize", "shm-size"),
    ] {
      request.append(key, .int(call.int(flag)))
    }
    let swap = call.string("memory-swap")
    request.append("memorySwap", .int(swap.isEmpty ? 0 : swap == "-1" ? -1 : Int(try Units.bytes(swap))))
    for (key, flag) in [("cpusetCpus", "cpuset-cpus"), ("cpusetMems", "cpuset-mems"), ("cgroupParent", "cgroup-parent")] {
      request.append(key, .string(call.string(flag)))
    }
    request.append("ulimits", .array(try call.list("ulimit").map(RunValues.ulimit)))
  }

  /// `--attest type=sbom,…`, `--sbom`, `--provenance`: by type, with the attributes of each.
  private static func attestations(_ call: Invocation) throws -> JSON {
    var all: [String: JSON] = [:]
    for text in call.list("attest") {
      let spec = try BuildSpec(text, flag: "attest")
      guard let type = spec["type"] else {
        throw HullError(.invalidArgument, "attestation type not specified: use --attest type=provenance or type=sbom")
      }
      all[type] = isOff(spec["disabled"].map { $0 == "true" ? "false" : "true" } ?? "true") ? nil : spec.json
    }
    for type in ["provenance", "sbom"] where call.changed(type) {
      let value = call.string(type)
      all[type] = isOff(value) ? nil : value == "true" || value.isEmpty ? [:] : try BuildSpec(value, flag: type).json
    }
    return .object(all.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0.append($1.key, $1.value) })
  }

  private static func isOff(_ value: String) -> Bool { Flag.boolean(value) == false }

  /// `key=value`; of a key alone `missing` says the value, or that it is left out.
  private static func pairs(_ values: [String], flag: String, missing: (String) -> String?) throws -> [String: String] {
    var pairs: [String: String] = [:]
    for text in values {
      let (key, value) = Text.cut(text, "=").map { ($0.0, Optional($0.1)) } ?? (text, missing(text))
      guard !key.isEmpty else { throw HullError(.invalidArgument, "invalid value for --\(flag): \(Text.quoted(text)) has no name") }
      pairs[key] = value
    }
    return pairs
  }

  private static func object(_ pairs: [String: String]) -> JSON {
    .object(pairs.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0.append($1.key, .string($1.value)) })
  }
}
