// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

extension RegistryClient {
  /// Proves credentials at the registry that they name: `docker login`.
  /// - Returns: Docker's status, and the identity token that takes the place of the password, if the registry gives one; else empty.
  /// - Throws: `unauthorized` in Docker's words when the registry does not know them.
  package func verify(_ credentials: RegistryCredentials) async throws -> (status: String, identityToken: String) {
    let domain = RegistryHost.canonical(credentials.serverAddress)
    let client = try await place(domain, credentials: credentials, offline: true)
    do {
      let answer = try await client.atRoot { root in
        var call = Call(.GET, root)
        call.address.path += "/"
        call.patience = core.limits.stallTimeout
        return try await client.send(call)
      }
      await answer.discard()
      guard answer.isSuccess else {
        throw PlaceFailure(
          answer.status == .unauthorized ? .denied : .refused, "login attempt to \(answer.call.address) failed with status: \(answer.statusLine)")
      }
      return ("Login Succeeded", core.authenticator.identityToken(for: client.identity))
    } catch let failure as PlaceFailure {
      throw failure.error
    }
  }

  /// A registry's host, for what is in no repository.
  func place(_ domain: String, credentials: RegistryCredentials?, offline: Bool = false) async throws -> PlaceClient {
    guard core.configuration.isReachable(domain) else {
      throw HullError(.forbidden, "registry \(domain) must not be asked: the configuration says offline; list it in \"local\"")
    }
    let place = try await core.threads.run { [core] () throws(HullError) in
      try core.configuration.registryPlace(domain, repository: "", credentials)
    }
    return PlaceClient(core: core, place: place, identity: Identity(credentials: place.credentials, scopes: [], offline: offline))
  }
}
