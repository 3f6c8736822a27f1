// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// A command of a client's graph as a step: its first input is the root, the others are what its mounts show, in their order.
struct GraphRunStep {
  private(set) var step: RunStep
  /// Which input of the node is the root; `nil`: none.
  let root: Int?
  /// As which result the root goes on.
  let rootOutput: Int?
  /// For each mount which input of the node it shows: `nil` none at all, `.some(nil)` an empty file system.
  private(set) var mountInputs: [Int??] = []

  /// Throws `forbidden` for what the client has not asked to be allowed, `unsupported` for a root that is a part of a file system, `invalidArgument`
  /// for a mount without a place.
  init(_ run: GraphRun, _ node: GraphNode, _ request: BuildRequest, _ platform: Platform) throws(HullError) {
    guard let first = run.mounts.first, first.target == "/", first.mount.kind == .bind else {
      throw HullError(.invalidArgument, "\(node.name): the first mount of a command must be its root")
    }
    guard ["", "/"].contains(first.mount.source ?? "") else {
      throw HullError(.unsupported, "\(node.name): a root that is a part of a file system is not supported: copy it first")
    }
    (root, rootOutput) = (first.input, first.output)
    step = RunStep(
      arguments: run.arguments, environment: run.environment, directory: run.directory.isEmpty ? "/" : run.directory, user: run.user,
      network: run.network, instruction: node.name, shown: run.arguments.joined(separator: " "))
    if run.network == "host" { try request.demand(.hostNetwork) }
    if run.insecure { try request.demand(.insecure) }
    (step.hiddenEnvironment, step.insecure, step.platform) = (run.hiddenEnvironment, run.insecure, platform.normalized)
    (step.hostname, step.extraHosts, step.exitCodes, step.limits) = (run.hostname, run.extraHosts, run.exitCodes, run.limits)
    for mount in run.mounts.dropFirst() { try add(mount, node) }
    if step.mounts.contains(where: { $0.output != nil }) { step.rootOutput = first.output }
  }

  private mutating func add(_ given: GraphMount, _ node: GraphNode) throws(HullError) {
    var mount = RunStep.Mount(mount: given.mount, target: try Self.target(of: given, node))
    mount.output = given.output
    switch given.mount.kind {
    case .bind: mountInputs.append(.some(given.input))
    case .cache where given.input != nil: mountInputs.append(.some(given.input))
    default: mountInputs.append(nil)
    }
    if case .some = mountInputs[mountInputs.count - 1] { mount.input = mountInputs.count { $0 != nil } }
    step.mounts.append(mount)
  }

  /// Absolute and clean; empty for a secret that is a variable only.
  private static func target(of given: GraphMount, _ node: GraphNode) throws(HullError) -> String {
    let path = TreePaths.clean(given.target)
    guard path.isEmpty else { return "/" + path }
    guard given.mount.kind == .secret, given.target.isEmpty, !(given.mount.environment ?? "").isEmpty else {
      throw HullError(.invalidArgument, "\(node.name): a \(given.mount.kind.rawValue) mount of a command needs a target below the root")
    }
    return ""
  }
}
