// SPDX-License-Identifier: Apache-2.0

/// Which paths of the client's contexts the steps of a build use: a client need not send more.
struct ContextUses {
  /// By context; `nil`: everything.
  private var paths: [String: Set<String>?] = [:]

  /// - Parameter targets: the last steps.
  init(_ targets: [Step]) {
    var seen: Set<ObjectIdentifier> = []
    var pending = targets
    while let step = pending.popLast() {
      guard seen.insert(ObjectIdentifier(step)).inserted else { continue }
      for (index, input) in step.inputs.enumerated() {
        if case .context(let name, _) = input.operation { add(ContextUses.paths(step.operation, of: index), of: name) }
      }
      if case .context(let name, _) = step.operation, targets.contains(where: { $0 === step }) { add(nil, of: name) }
      pending += step.inputs
    }
  }

  /// Paths and patterns as `COPY` has them, sorted; empty: everything.
  func followed(_ name: String) -> [String] { (paths[name] ?? nil)?.sorted() ?? [] }

  private mutating func add(_ used: [String]?, of name: String) {
    guard let used, !used.contains(""), let known = paths[name, default: []] else {
      paths[name] = .some(nil)
      return
    }
    paths[name] = known.union(used)
  }

  /// What an operation takes of an input; `nil`: that is not known.
  private static func paths(_ operation: Operation, of input: Int) -> [String]? {
    switch operation {
    case .copy(let copy):
      return copy.sources.flatMap { source -> [String] in
        guard case .files(input, let patterns) = source else { return [] }
        return patterns.map(TreePaths.clean)
      }
    case .run(let run): return run.mounts.filter { $0.input == input }.map { TreePaths.clean($0.mount.source ?? "") }
    default: return nil
    }
  }
}
