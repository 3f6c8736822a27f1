// SPDX-License-Identifier: Apache-2.0
import Errors
import Synchronization

/// All containers of an engine by ID, and who has which name. Names are reserved before a container is there.
final class ContainerRegistry: Sendable {
  private struct State {
    var containers: [String: Container] = [:]
    /// name → ID
    var names: [String: String] = [:]
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
      let matches = state.containers.filter { $0.key.hasPrefix(reference) }
      guard matches.count < 2 else {
        return .failure(HullError(.invalidArgument, "multiple IDs found with provided prefix: \(reference)"))
      }
      return .success(matches.first?.value)
    }
    guard let container = try found.get() else { throw HullError(.notFound, "No such container: \(reference)") }
    return container
  }

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

  func add(_ container: Container) { state.withLock { $0.containers[container.id] = container } }

  func remove(_ container: Container) {
    state.withLock { state in
      state.containers[container.id] = nil
      state.names = state.names.filter { $0.value != container.id }
    }
  }
}
