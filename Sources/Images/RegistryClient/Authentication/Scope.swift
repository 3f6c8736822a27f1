// SPDX-License-Identifier: Apache-2.0

/// What a token is for: `repository:library/busybox:pull` (token authentication specification, scope).
struct Scope: Sendable, Hashable {
  /// `repository:library/busybox`
  let resource: String
  let actions: Set<String>

  init(resource: String, actions: Set<String>) {
    self.resource = resource
    self.actions = actions
  }

  init(repository: String, access: RegistryAccess) {
    self.init(resource: "repository:\(repository)", actions: access == .push ? ["pull", "push"] : ["pull"])
  }

  /// Reads the scopes in a challenge, which stand between spaces; leaves out what has no actions.
  static func parse(_ text: String) -> [Scope] {
    text.split(separator: " ").prefix(32).compactMap { part in
      guard let colon = part.lastIndex(of: ":"), part[..<colon].contains(":") else { return nil }
      return Scope(resource: String(part[..<colon]), actions: Set(part[part.index(after: colon)...].split(separator: ",").map(String.init)))
    }
  }

  /// All of both, one scope per resource, in a fixed order.
  static func merged(_ scopes: [Scope]) -> [Scope] {
    Dictionary(scopes.map { ($0.resource, $0.actions) }) { $0.union($1) }
      .map { Scope(resource: $0.key, actions: $0.value) }
      .sorted { $0.resource < $1.resource }
  }

  /// As it stands in a request.
  var text: String { "\(resource):\(actions.sorted().joined(separator: ","))" }
}
