// SPDX-License-Identifier: Apache-2.0

extension BuildRequest {
  /// What was asked for, by the keys of BuildKit's front end, but for build arguments and labels.
  var options: [String: String] {
    var options: [String: String] = [:]
    options["target"] = target
    if noCache { options["no-cache"] = "" }
    if !noCacheStages.isEmpty { options["no-cache"] = noCacheStages.sorted().joined(separator: ",") }
    if !["", "default"].contains(network) { options["force-network-mode"] = network }
    if !extraHosts.isEmpty { options["add-hosts"] = extraHosts.joined(separator: ",") }
    for (name, value) in namedContexts { options["context:\(name)"] = Redaction.url(value) }
    for (key, value) in [
      ("memory", limits.memory), ("memswap", limits.memorySwap), ("cpushares", limits.cpuShares), ("cpuperiod", limits.cpuPeriod),
      ("cpuquota", limits.cpuQuota), ("shm-size", limits.shmSize),
    ] where value != 0 {
      options[key] = String(value)
    }
    for (key, value) in [("cpusetcpus", limits.cpusetCpus), ("cpusetmems", limits.cpusetMems)] where !value.isEmpty { options[key] = value }
    if !limits.ulimits.isEmpty { options["ulimit"] = limits.ulimits.map { "\($0.name)=\($0.soft):\($0.hard)" }.joined(separator: ",") }
    return options
  }

  /// Everything that a history of builds keeps of a request, by the keys of BuildKit's front end.
  package var allOptions: [String: String] {
    var all = options
    for (key, value) in arguments { all["build-arg:\(key)"] = value }
    for (key, value) in labels { all["label:\(key)"] = value }
    for (key, value) in versionControl { all["vcs:\(key)"] = value }
    all["filename"] = dockerfile
    all["context"] = remoteContext.map(Redaction.url)
    if !platforms.isEmpty { all["platform"] = platforms.map(\.description).joined(separator: ",") }
    if pull { all["image-resolve-mode"] = "pull" }
    return all
  }
}
