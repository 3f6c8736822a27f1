// SPDX-License-Identifier: Apache-2.0
import Dockerfile

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
    case .copy(let copy): return paths(copy, of: input)
    case .run(let run):
      let sources = run.mounts.filter { $0.input == input }.map { TreePaths.clean($0.mount.source ?? "") }
      return sources.allSatisfy { isPlain($0) } ? sources : nil
    default: return nil
    }
  }

  private static func paths(_ copy: CopyStep, of input: Int) -> [String]? {
    var used: [String] = []
    for source in copy.sources {
      switch source {
      case .files(let number, let patterns): if number == input { used += patterns.map(TreePaths.clean) }
      // A policy has put the context in the place of files from elsewhere, which are taken whole.
      case .repository(let number), .download(let number, _): if number == input { return nil }
      case .inline: break
      }
    }
    return !copy.details.isLiteral || used.allSatisfy { isPlain($0) } ? used : nil
  }

  /// Whether a path means the same as a pattern.
  private static func isPlain(_ path: String) -> Bool {
    !FilePattern.hasWildcards(path) && !path.contains("\\") && !path.hasPrefix("!")
  }
}
