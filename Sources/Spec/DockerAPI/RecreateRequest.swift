// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// The body of `POST /hull/containers/{id}/recreate`: of a create request only the members that change.
package struct RecreateRequest: Sendable, Equatable {
  /// Members of `ContainerConfig` that take the place of the container's.
  package var config = JSONValue.object([])
  /// Members of `HostConfig`.
  package var hostConfig = JSONValue.object([])
  /// All networks of the container; `nil` leaves them.
  package var networks: NetworkingConfig?
  /// Name or ID of an image; `nil` leaves the container with the image that it was made from.
  package var image: String?

  package init() {}

  /// Throws `invalidArgument` for what is no JSON object, or has members of another kind.
  package init(parsing body: some Sequence<UInt8>) throws(HullError) {
    let value = try RuntimeJSON.parse(Array(body))
    guard case .object(let members) = value else { throw HullError(.invalidArgument, "invalid JSON: a recreate request is an object") }
    for member in members { try take(member) }
  }

  private mutating func take(_ member: JSONValue.Member) throws(HullError) {
    switch (member.name, member.value) {
    case (_, .null): return
    case ("Config", .object): config = member.value
    case ("HostConfig", .object): hostConfig = member.value
    case ("NetworkingConfig", .object): networks = try RuntimeJSON.decode(NetworkingConfig.self, from: member.value)
    case ("Image", .string(let name)): image = name
    case (let name, _):
      throw HullError(
        .invalidArgument, "invalid JSON: member \(name) of a recreate request: use the objects Config, HostConfig and NetworkingConfig, and Image")
    }
  }

  /// `value` with the members that `changes` has.
  package static func changed<T: Codable>(_ value: T, by changes: JSONValue) throws(HullError) -> T {
    guard case .object(let new) = changes, !new.isEmpty, case .object(let old) = try RuntimeJSON.value(value) else { return value }
    let names = Set(new.map(\.name))
    do { return try RuntimeJSON.decode(T.self, from: .object(old.filter { !names.contains($0.name) } + new)) } catch {
      throw HullError(error.code, "invalid JSON: field \(error.message)", cause: error.cause)
    }
  }
}
