// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOHTTP1
import OCISpec
import Synchronization

/// Talks to one place as somebody: finds the scheme that works there, and lets itself be let in.
struct PlaceClient: Sendable {
  let core: ClientCore
  let place: Place
  var identity: Identity

  /// Sends a request for something in the repository: `manifests/latest`.
  /// - Parameter prepare: adds headers, a body and a query.
  /// - Returns: the answer, whatever its status.
  func send(
    _ method: HTTPMethod, _ path: String, patience: Duration? = nil, _ prepare: (inout Call) -> Void = { _ in }
  ) async throws -> Answer {
    try await atRoot { root in
      var call = Call(method, place.address(root, path))
      call.patience = patience ?? core.limits.stallTimeout
      prepare(&call)
      return try await send(call)
    }
  }

  /// Sends a request to an address that the place gave; with credentials only when it is the place's own.
  func send(_ call: Call) async throws -> Answer {
    guard place.roots.contains(where: { $0.isSameOrigin(call.address) }) else { return try await core.transport.send(call) }
    var call = call
    call.policy = place.policy
    call.authorization = try await core.authenticator.authorization(for: call, identity)
    let answer = try await core.transport.send(call)
    // A 401 from where a redirect led is not this place's: there is nothing to be let in with.
    guard answer.status == .unauthorized, place.roots.contains(where: { $0.isSameOrigin(answer.call.address) }) else { return answer }
    guard let authorization = try await core.authenticator.authorization(after: answer, identity) else { return answer }
    await answer.discard()
    call.authorization = authorization
    return try await core.transport.send(call)
  }

  /// Runs `body` with the root that is known to work, or with each until one answers.
  func atRoot<Result>(_ body: (WebAddress) async throws -> Result) async throws -> Result {
    let known = core.schemes.withLock { $0[place.name] }
    var roots = place.roots.filter { known == nil || $0.scheme == known }
    while true {
      let root = roots.removeFirst()
      do {
        let result = try await body(root)
        core.note(place, isReached: true)
        if place.roots.count > 1 { core.schemes.withLock { $0[place.name] = root.scheme } }
        return result
      } catch let failure as PlaceFailure {
        if failure.kind == .unreachable { core.schemes.withLock { $0[place.name] = nil } }
        guard failure.kind == .unreachable || failure.kind == .cut, !roots.isEmpty else {
          if failure.kind == .unreachable { core.note(place, isReached: false) }
          throw failure
        }
      }
    }
  }
}
