// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import OCISpec
import RegistryStore

/// What the hub's page asks, and `docker search`: the repositories that the user may read.
struct HubAPI: Sendable {
  private struct Search: Encodable {
    struct Entry: Encodable {
      let name: String
      let description: String
      let star_count = 0
      let is_official = false
      let is_automated = false
    }

    let num_results: Int
    let query: String
    let results: [Entry]
  }

  private struct Info: Encodable {
    let user: String?
    /// Whether there are users at all.
    let login: Bool
  }

  private struct Page<Entry: Encodable>: Encodable {
    let total: Int
    let entries: [Entry]
  }

  private static let prefix = "/hub/api/repositories"
  let api: RegistryAPI
  let reader: HubReader

  func info(_ request: Request) async throws -> Response {
    let user = try await api.access.principal(request)
    return Response(json: Info(user: user.name, login: api.access.takesPasswords))
  }

  /// Asks the browser for a name and password, and goes back to the page with them.
  func login(_ request: Request) async throws -> Response {
    if let user = try? await api.access.principal(request), user.name != nil { return Response(status: .seeOther, headers: [.location: "/"]) }
    return Response(
      status: .unauthorized, headers: [.wwwAuthenticate: "Basic realm=\"hull registry\", charset=\"UTF-8\"", .contentType: "text/plain"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: "log in first\n")))
  }

  /// `GET /v1/search?q=&n=`, as Docker's daemon sends it.
  func search(_ request: Request) async throws -> Response {
    let query = request.uri.queryParameters["q"].map(String.init) ?? ""
    let limit = request.uri.queryParameters["n"].flatMap { Int($0) } ?? 25
    let found = try await find(query, request)
    let page = found.prefix(min(max(limit, 1), 100)).map { Search.Entry(name: $0.name, description: $0.description) }
    return Response(json: Search(num_results: found.count, query: query, results: Array(page)))
  }

  /// `GET /hub/api/repositories?q=&n=&from=`
  func list(_ request: Request) async throws -> Response {
    let parameters = request.uri.queryParameters
    let found = try await find(parameters["q"].map(String.init) ?? "", request)
    let start = min(max(parameters["from"].flatMap { Int($0) } ?? 0, 0), found.count)
    let size = min(max(parameters["n"].flatMap { Int($0) } ?? 50, 1), 200)
    return Response(json: Page(total: found.count, entries: Array(found[start...].prefix(size))))
  }

  /// `GET /hub/api/repositories/NAME/_tags` and `…/_tags/REFERENCE`
  func repository(_ request: Request) async throws -> Response {
    guard let path = Percent.decode(request.uri.path) else { throw HullError(.nameInvalid, "the path cannot be read") }
    let parts = path.dropFirst(Self.prefix.count + 1).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let mark = parts.firstIndex(of: "_tags"), parts.count - mark <= 2 else { throw HullError(.notFound, "there is no such page") }
    let name = try RepositoryName(parts[..<mark].joined(separator: "/"))
    let user = try await api.access.principal(request)
    guard api.access.allows(user, .pull, name) else {
      throw HullError(user.name == nil && api.access.knowsUsers ? .needsLogin : .denied, "\(name) is not for everybody to read")
    }
    if mark == parts.count - 1 {
      let tags = try await reader.tags(name)
      return Response(json: Page(total: tags.count, entries: tags))
    }
    return Response(json: try await reader.detail(try ManifestReference(parts[mark + 1]), name))
  }

  /// Those whose name or description has every word; names that begin with the query first.
  private func find(_ query: String, _ request: Request) async throws -> [RepositorySummary] {
    let user = try await api.access.principal(request)
    let words = query.lowercased().split(separator: " ")
    var found: [RepositorySummary] = []
    for name in try await api.readable(by: user) {
      let summary = await reader.summary(name)
      let text = "\(summary.name) \(summary.description.lowercased())"
      if words.allSatisfy({ text.contains($0) }) { found.append(summary) }
    }
    guard let first = words.first else { return found }
    func rank(_ summary: RepositorySummary) -> Int { summary.name.hasPrefix(first) ? 0 : summary.name.contains(first) ? 1 : 2 }
    return found.sorted { (rank($0), $0.name) < (rank($1), $1.name) }
  }
}
