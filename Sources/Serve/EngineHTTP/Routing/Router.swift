// SPDX-License-Identifier: Apache-2.0

/// Finds the handler of a method and a path.
///
/// Patterns are paths with `{name}` for one segment and `{name...}` for one or more (image names have slashes); a literal segment goes before a
/// variable one, and `{name...}` takes as much as it can.
package struct Router: Sendable {
  package typealias Handler = @Sendable (RouteContext) async throws -> Response

  package enum Match: Sendable {
    case handler(Handler, parameters: [String: String])
    /// The path is known, the method is not: these are.
    case methodNotAllowed([String])
    case notFound
  }

  private final class Node: @unchecked Sendable {  // Written while routes are added only, before the router is shared.
    var literals: [Substring: Node] = [:]
    var one: (name: String, node: Node)?
    var many: (name: String, node: Node)?
    var handlers: [String: Handler] = [:]
    /// Methods that nobody is told of.
    var unlisted: Set<String> = []
  }
  private let root = Node()

  package init() {}

  /// `listed`: whether other methods of such a path are answered with this one's name, or as if the path were unknown.
  package func add(_ method: String, _ pattern: String, listed: Bool = true, _ handler: @escaping Handler) {
    var node = root
    for segment in pattern.split(separator: "/") { node = Self.child(of: node, for: segment) }
    node.handlers[method] = handler
    if !listed { node.unlisted.insert(method) }
  }

  private static func child(of node: Node, for segment: Substring) -> Node {
    if segment.hasPrefix("{"), segment.hasSuffix("...}") {
      let child = node.many ?? (String(segment.dropFirst().dropLast(4)), Node())
      node.many = child
      return child.node
    }
    if segment.hasPrefix("{") {
      let child = node.one ?? (String(segment.dropFirst().dropLast()), Node())
      node.one = child
      return child.node
    }
    let child = node.literals[segment] ?? Node()
    node.literals[segment] = child
    return child
  }

  /// `segments`: the decoded path, cut at slashes, without empty parts.
  package func match(_ method: String, _ segments: [Substring]) -> Match {
    var parameters: [String: String] = [:]
    var others: Set<String> = []
    if let handler = find(method, segments[...], root, &parameters, &others) { return .handler(handler, parameters: parameters) }
    return others.isEmpty ? .notFound : .methodNotAllowed(others.sorted())
  }

  private func find(
    _ method: String, _ segments: ArraySlice<Substring>, _ node: Node, _ parameters: inout [String: String], _ others: inout Set<String>
  ) -> Handler? {
    guard let first = segments.first else {
      if let handler = node.handlers[method] { return handler }
      others.formUnion(node.handlers.keys.filter { !node.unlisted.contains($0) })
      return nil
    }
    if let child = node.literals[first], let handler = find(method, segments.dropFirst(), child, &parameters, &others) { return handler }
    if let (name, child) = node.one, let handler = find(method, segments.dropFirst(), child, &parameters, &others) {
      parameters[name] = String(first)
      return handler
    }
    guard let (name, child) = node.many else { return nil }
    for count in stride(from: segments.count, through: 1, by: -1) {
      // Nothing below `{name...}` is longer than two segments: no need to look at every cut of a path of a thousand.
      guard segments.count - count <= 2 else { break }
      if let handler = find(method, segments.dropFirst(count), child, &parameters, &others) {
        parameters[name] = segments.prefix(count).joined(separator: "/")
        return handler
      }
    }
    return nil
  }
}
