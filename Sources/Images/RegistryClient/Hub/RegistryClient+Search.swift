// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import OCISpec

extension RegistryClient {
  /// Searches a registry's index (Docker's search API, `/v1/search`): `docker search`.
  /// - Parameters:
  ///   - term: `host:port/term` asks that host, a bare term Docker's hub.
  ///   - limit: 1 to 100, 25 when `nil`.
  /// - Throws: `invalidArgument` for a limit outside of that.
  package func search(
    _ term: String, credentials: RegistryCredentials? = nil, limit: Int? = nil, filter: SearchFilter = SearchFilter()
  ) async throws -> [SearchResult] {
    guard (1...100).contains(limit ?? 25) else {
      throw HullError(.invalidArgument, "Limit \(limit ?? 0) is outside the range of [1, 100]")
    }
    let (domain, words) = RegistryClient.split(term)
    let client = try await place(domain, credentials: credentials)
    do {
      let answer = try await client.atRoot { root in
        var call = Call(.GET, RegistryClient.index(root, domain).adding("q", words).adding("n", String(limit ?? 25)))
        call.patience = core.limits.stallTimeout
        return try await client.send(call)
      }
      guard answer.isSuccess else { throw await answer.failure(core.limits).prefixed(answer.call.described) }
      let bytes = try await answer.bytes(limit: 4 << 20, stall: core.limits.stallTimeout)
      guard let page = try? JSONDecoder().decode(SearchPage.self, from: Data(bytes)) else {
        throw PlaceFailure(.misbehaved, "\(answer.call.described): the answer is not a list of search results")
      }
      return page.results.filter(filter.admits)
    } catch let failure as PlaceFailure {
      throw HullError(failure.error.code == .unauthorized ? .internalError : failure.error.code, "cannot search \(domain): \(failure.error.message)")
    }
  }

  /// The registry and the words of a search: what stands before the first slash is a host when it looks like one.
  private static func split(_ term: String) -> (domain: String, words: String) {
    let halves = term.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard halves.count == 2, halves[0] == "localhost" || halves[0].contains(where: { $0 == "." || $0 == ":" }) else {
      return (RegistryHost.hub, term.hasPrefix("library/") ? String(term.dropFirst("library/".count)) : term)
    }
    let domain = RegistryHost.canonical(halves[0])
    return (domain, halves[1])
  }

  /// The hub's index is on another host than its registry.
  private static func index(_ root: WebAddress, _ domain: String) -> WebAddress {
    var address = root
    if domain == RegistryHost.hub { address.host = "index.docker.io" }
    address.path = "/v1/search"
    return address
  }
}

/// The index's answer.
private struct SearchPage: Decodable {
  var results: [SearchResult]
}
