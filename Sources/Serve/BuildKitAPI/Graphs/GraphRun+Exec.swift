// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Dockerfile
import Errors

extension GraphRun {
  /// - Parameter resources: limits, which are said beside the operation.
  init(_ exec: LLBExecOp, _ resources: LLBLinuxResources) {
    self.init()
    let meta = exec.meta
    limits = BuildLimits(meta, resources)
    (arguments, environment, directory, user, hostname) = (meta.args, meta.env, meta.cwd, meta.user, meta.hostname)
    hiddenEnvironment = Self.proxies(meta.proxyEnv)
    extraHosts = meta.extraHosts.map { "\($0.host):\($0.ip)" }
    network = exec.network == .host ? "host" : exec.network == .none ? "none" : "default"
    insecure = exec.security == .insecure
    if !meta.validExitCodes.isEmpty { exitCodes = Set(meta.validExitCodes) }
    mounts = Self.ordered(exec.mounts.map { GraphMount($0) })
    mounts += exec.secretenv.map { GraphMount($0) }
  }

  /// The root first, then all directories before what is in them, as BuildKit mounts them.
  private static func ordered(_ mounts: [GraphMount]) -> [GraphMount] {
    var mounts = mounts
    let root = mounts.firstIndex { $0.target == "/" }
    let first = root.map { [mounts.remove(at: $0)] } ?? []
    let others = mounts.enumerated().sorted { ($0.element.target, $0.offset) < ($1.element.target, $1.offset) }
    return first + others.map { $0.element }
  }

  private static func proxies(_ proxies: LLBProxyEnv) -> [String] {
    let values = [
      ("HTTP_PROXY", proxies.httpProxy), ("HTTPS_PROXY", proxies.httpsProxy), ("FTP_PROXY", proxies.ftpProxy), ("NO_PROXY", proxies.noProxy),
      ("ALL_PROXY", proxies.allProxy),
    ]
    return values.filter { !$0.1.isEmpty }.flatMap { ["\($0.0)=\($0.1)", "\($0.0.lowercased())=\($0.1)"] }
  }
}

extension BuildLimits {
  fileprivate init(_ meta: LLBMeta, _ resources: LLBLinuxResources) {
    self.init()
    cgroupParent = meta.cgroupParent
    ulimits = meta.ulimit.map { Ulimit(name: $0.name, soft: $0.soft, hard: $0.hard) }
    (memory, memorySwap, cpuQuota) = (resources.memory, resources.memorySwap, resources.cpuQuota)
    (cpuShares, cpuPeriod) = (Int64(clamping: resources.cpuShares), Int64(clamping: resources.cpuPeriod))
    (cpusetCpus, cpusetMems) = (resources.cpusetCpus, resources.cpusetMems)
  }
}

extension GraphMount {
  fileprivate init(_ given: LLBMount) {
    var mount = RunMount()
    mount.source = given.selector.isEmpty ? nil : given.selector
    mount.readOnly = given.readonly
    switch given.mountType {
    case .cache:
      (mount.kind, mount.id) = (.cache, given.cacheOpt.id)
      mount.sharing = given.cacheOpt.sharing == .private ? .private : given.cacheOpt.sharing == .locked ? .locked : .shared
    case .tmpfs: (mount.kind, mount.size) = (.tmpfs, given.tmpfsOpt.size)
    case .secret: Self.take(given.secretOpt, .secret, &mount)
    case .ssh: Self.take(given.sshOpt, .ssh, &mount)
    case .bind, .UNRECOGNIZED: mount.kind = .bind
    }
    self.init(
      mount, target: given.dest, input: given.input < 0 ? nil : Int(clamping: given.input),
      output: given.output < 0 ? nil : Int(clamping: given.output))
  }

  private static func take(_ option: LLBSecretOpt, _ kind: RunMount.Kind, _ mount: inout RunMount) {
    (mount.kind, mount.id, mount.required) = (kind, option.id, !option.optional)
    (mount.uid, mount.gid, mount.mode) = (option.uid, option.gid, option.mode)
  }

  fileprivate init(_ variable: LLBSecretEnv) {
    var mount = RunMount()
    (mount.kind, mount.id, mount.environment, mount.required) = (.secret, variable.id, variable.name, !variable.optional)
    self.init(mount, target: "", input: nil, output: nil)
  }
}
