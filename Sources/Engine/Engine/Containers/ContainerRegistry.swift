// SPDX-License-Identifier: Apache-2.0
import Errors
import Synchronization

/// All containers of an engine by ID, and who has which name. Names are reserved before a container is there.
final class ContainerRegistry: Sendable {
  private struct State {
    var containers: [String: Container] = [:]
    /// name → ID
    var names: [String: String] = [:]
    /// Those with links to others.
    var linking: Set<String> = []

    /// `PARENT/ALIAS`
    func container(linkName: String) -> Container? {
      let words = linkName.split(separator: "/").map(String.init)
      guard words.count == 2, let parent = names[words[0]], let view = containers[parent]?.view else { return nil }
      return view.record.definition.links?.first { $0.alias == words[1] }.flatMap { containers[$0.id] }
    }
  }

  private let state = Mutex(State())

  /// Newest first.
  var all: [Container] { state.withLock { Array($0.containers.values) }.sorted { $0.created > $1.created } }

  var count: Int { state.withLock { $0.containers.count } }

  /// By whole ID, name (with or without slash) or unambiguous ID prefix. Throws in Docker's words.
  func find(_ reference: String) throws(HullError) -> Container {
    guard !reference.isEmpty else { throw HullError(.invalidArgument, "invalid name or ID supplied: \"\"") }
    let found: Result<Container?, HullError> = state.withLock { state in
      if let container = state.containers[reference] { return .success(container) }
      let name = reference.hasPrefix("/") ? String(reference.dropFirst()) : reference
      if let id = state.names[name] { return .success(state.containers[id]) }
      if name.utf8.contains(UInt8(ascii: "/")) { return .success(state.container(linkName: name)) }
      let matches = state.containers.filter { $0.key.hasPrefix(reference) }
      guard matches.count < 2 else {
        return .failure(HullError(.invalidArgument, "multiple IDs found with provided prefix: \(reference)"))
      }
      return .success(matches.first?.value)
    }
    guard let container = try found.get() else { throw HullError(.notFound, "No such container: \(reference)") }
    return container
  }

  /// By which further names containers are known, `PARENT/ALIAS`, by their IDs.
  func linkNames() -> [String: [String]] {
    state.withLock { state in
      guard !state.linking.isEmpty else { return [:] }
      var names: [String: [String]] = [:]
      for view in state.linking.compactMap({ state.containers[$0]?.view }) {
        for link in view.record.definition.links ?? [] { names[link.id, default: []].append("\(view.record.name)/\(link.alias)") }
      }
      return names.mapValues { $0.sorted() }
    }
  }

  /// The containers that have a link to this one, and by which alias.
  func linked(to id: String) -> [(container: ContainerView, alias: String)] {
    state.withLock { state in
      state.linking.compactMap { state.containers[$0]?.view }.flatMap { view in
        (view.record.definition.links ?? []).filter { $0.id == id }.map { (view, $0.alias) }
      }
    }
  }

  /// Whether there is a container with this ID, or one is being made.
  func knows(_ id: String) -> Bool { state.withLock { $0.containers[id] != nil || $0.names.values.contains(id) } }

  func container(id: String) -> Container? { state.withLock { $0.containers[id] } }

  /// Takes `name` for `id`. Throws `conflict` in Docker's words when another has it.
  func reserve(_ name: String, for id: String) throws(HullError) {
    let holder = state.withLock { state -> String? in
      if let holder = state.names[name], holder != id { return holder }
      state.names[name] = id
      return nil
    }
    guard let holder else { return }
    throw HullError(
      .conflict,
      "Conflict. The container name \"/\(name)\" is already in use by container \"\(holder)\". "
        + "You have to remove (or rename) that container to be able to reuse that name.")
  }

  func release(_ name: String, of id: String) {
    state.withLock { state in
      if state.names[name] == id { state.names[name] = nil }
    }
  }

  func add(_ container: Container) {
    state.withLock { state in
      state.containers[container.id] = container
      if container.view.record.definition.links != nil { state.linking.insert(container.id) }
    }
  }

  func remove(_ container: Container) {
    state.withLock { state in
      state.containers[container.id] = nil
      state.linking.remove(container.id)
      state.names = state.names.filter { $0.value != container.id }
    }
  }
}
