// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// A repository at its places: its registry's mirrors in order, then the registry itself. What is pushed goes to the registry only.
///
/// Errors name the repository and what each place said; a `CancellationError` comes when the task is cancelled.
package struct Repository: Sendable {
  /// The name, for messages too.
  package let reference: Reference
  let core: ClientCore
  let credentials: RegistryCredentials?
  let access: RegistryAccess
  /// Plain HTTP and unverified TLS are fine at the registry itself.
  var insecure = false

  /// The places in order.
  /// - Parameter others: repositories of the same registry that are read too.
  func places(reading others: [Reference] = []) async throws -> [PlaceClient] {
    let places = try await core.threads.run { [self] () throws(HullError) in
      try core.configuration.places(reference, access: access, credentials: credentials, insecure: insecure)
    }
    return core.ordered(places).map { place in
      let own = Scope(repository: place.repository, access: place.isRegistry ? access : .pull)
      let scopes = Scope.merged([own] + others.map { Scope(repository: $0.path, access: .pull) })
      return PlaceClient(core: core, place: place, identity: Identity(credentials: place.credentials, scopes: scopes))
    }
  }

  /// Asks the places in order until one gives a result.
  /// - Parameters:
  ///   - what: what is asked for, in messages.
  ///   - asking: which places come into question.
  func first<Result>(
    _ what: ManifestSelector, asking isWanted: (Place) -> Bool = { _ in true }, _ body: (PlaceClient) async throws -> Result
  ) async throws -> Result {
    var reports = PlaceReports(reference, .manifest(what))
    for client in try await places() where isWanted(client.place) {
      do { return try await body(client) } catch let failure as PlaceFailure {
        core.logger.debug("a place could not help", metadata: ["place": "\(client.place.name)", "reason": "\(failure.error.message)"])
        reports.add(client.place, failure)
      }
    }
    throw reports.error
  }

  /// Asks the registry itself, where things are pushed to.
  func registry<Result>(
    _ subject: PlaceReports.Subject, reading others: [Reference] = [], _ body: (PlaceClient) async throws -> Result
  ) async throws -> Result {
    var reports = PlaceReports(reference, subject)
    guard let client = try await places(reading: others).first(where: \.place.isRegistry) else {
      throw HullError(.forbidden, "registry \(reference.domain) must not be asked: the configuration says offline")
    }
    do { return try await body(client) } catch let failure as PlaceFailure {
      reports.add(client.place, failure)
      throw reports.error
    }
  }
}
