// SPDX-License-Identifier: Apache-2.0
import ImageStore

/// Says why a step's result was not in the cache, by comparing it with what was built at its place before.
enum Explanation {
  private static let named = 3

  /// - Parameters:
  ///   - last: what was built there last; `nil`: nothing.
  ///   - isNamed: a cache from elsewhere has the step, but not its layer.
  static func reason(_ now: StepIngredients, last: StepRecord?, isNamed: Bool = false, ignoresCache: Bool) -> String {
    if ignoresCache { return "the cache was not asked (--no-cache)" }
    if isNamed { return "its files are needed, and a small cache from elsewhere has only its name (mode=max takes layers along)" }
    guard let last else { return "never built before" }
    guard let before = StepIngredients(encoded: last.ingredients) else {
      return "it differs from what came with a cache from elsewhere, which does not say what it was made from"
    }
    if now == before { return "its result is no longer in the cache" }
    var reasons: [String] = []
    if now.instruction != before.instruction { reasons.append("the instruction changed: it was \(before.instruction)") }
    reasons += differences(now.settings, before.settings) { name, old, new in
      "\(name) changed" + (old.count + new.count < 120 ? ": \(old.isEmpty ? "not set" : old) became \(new.isEmpty ? "not set" : new)" : "")
    }
    if now.contents != before.contents { reasons.append(files(now, before)) }
    if reasons.isEmpty, now.base != before.base { reasons.append("what it stands on changed") }
    return reasons.isEmpty ? "its inputs changed" : reasons.joined(separator: "; ")
  }

  private static func differences(
    _ new: [String: String], _ old: [String: String], _ text: (String, String, String) -> String
  ) -> [String] {
    Set(new.keys).union(old.keys).sorted().compactMap { name in new[name] == old[name] ? nil : text(name, old[name] ?? "", new[name] ?? "") }
  }

  private static func files(_ now: StepIngredients, _ before: StepIngredients) -> String {
    let changed = differences(now.files, before.files) { name, old, new in
      "\(name.isEmpty ? "the file" : name) \(old.isEmpty ? "is new" : new.isEmpty ? "is gone" : "changed")"
    }
    guard !changed.isEmpty else { return "files that come in changed" }
    let more = changed.count > named ? ", and \(changed.count - named) more files" : ""
    return changed.prefix(named).joined(separator: ", ") + more
  }
}
