// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// Which stages need which: by their base, by `--from`, by mounts.
struct StageDependencies {
  private let dockerfile: Dockerfile
  /// What each `FROM` names, expanded.
  private let bases: [String]

  init(_ dockerfile: Dockerfile, bases: [String]) {
    self.dockerfile = dockerfile
    self.bases = bases
  }

  /// The stages that `target` needs, itself among them. Throws for a stage that needs itself or a later one.
  func needed(for target: Int) throws(HullError) -> Set<Int> {
    var needed: Set<Int> = []
    var pending = [target]
    while let index = pending.popLast() {
      guard needed.insert(index).inserted else { continue }
      pending += try direct(dockerfile.stages[index])
    }
    return needed
  }

  private func direct(_ stage: Stage) throws(HullError) -> [Int] {
    var found: [Int] = []
    if let base = dockerfile.stages[..<stage.index].last(where: { $0.name == bases[stage.index].lowercased() }) { found.append(base.index) }
    for instruction in stage.instructions {
      for name in StageDependencies.sources(of: instruction.command) {
        guard let other = try index(of: name, from: stage, at: instruction) else { continue }
        found.append(other)
      }
    }
    return found
  }

  private func index(of name: String, from stage: Stage, at instruction: Instruction) throws(HullError) -> Int? {
    let named = dockerfile.stages[..<stage.index].last { $0.name == name.lowercased() }?.index
    let found =
      named ?? dockerfile.stages.first { $0.name == name.lowercased() }?.index
      ?? Int(name).flatMap { dockerfile.stages.indices.contains($0) ? $0 : nil }
    guard let found else { return nil }
    guard found < stage.index else {
      let error = HullError(
        .invalidArgument,
        found == stage.index
          ? "invalid from flag value \(name): refers to current build stage: circular dependency detected on stage: \(name)"
          : "cannot copy from stage \(quoted(name)), it needs to be defined before current stage \(quoted(stage.name ?? String(stage.index)))")
      throw error.located(at: instruction.location, in: dockerfile)
    }
    return found
  }

  /// Names that an instruction takes files from.
  static func sources(of command: Command) -> [String] {
    switch command {
    case .copy(let copy), .add(let copy): copy.from.map { [$0] } ?? []
    case .run(let run): run.mounts.compactMap(\.from)
    default: []
    }
  }
}
