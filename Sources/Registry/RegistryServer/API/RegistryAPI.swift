// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import NIOCore
import NIOPosix
import OCISpec
import RegistryStore

/// The distribution specification's endpoints, over a store and other providers of content.
struct RegistryAPI: Sendable {
  let store: RegistryStore
  let threads: NIOThreadPool
  let access: AccessControl
  let answers: HotAnswers
  /// In the order in which they are asked; the last owns everything.
  let providers: [any ContentProvider]
  /// Prefixes of names by the upstream that they stand for: clients that use this registry as a mirror say `?ns=docker.io`.
  let namespaces: [String: String]
  let readOnly: Bool

  /// A request that is allowed.
  struct Call {
    let request: Request
    let user: Principal
    var isHead: Bool { request.method == .head }

    func query(_ name: String) -> String? { request.uri.queryParameters[name[...]].map(String.init) }
  }

  func respond(to request: Request) async throws -> Response {
    guard let route = try RegistryRoute(path: path(of: request)) else { throw HullError(.notFound, "there is no such endpoint") }
    let user = try await access.principal(request)
    try access.check(user, route, request)
    let call = Call(request: request, user: user)
    switch (request.method, route) {
    case (.get, .version), (.head, .version): return Response(json: [String: String]())
    case (.get, .catalog): return try await catalog(call)
    case (.get, .tags(let name)): return try await tags(name, call)
    case (.get, .referrers(let name, let subject)): return try await referrers(subject, name, call)
    case (.get, .manifest(let name, let reference)), (.head, .manifest(let name, let reference)): return try await manifest(reference, name, call)
    case (.get, .blob(let name, let digest)), (.head, .blob(let name, let digest)): return try await blob(digest, name, call)
    default: return try await change(route, call)
    }
  }

  /// The path, with the prefix that the upstream's names have here.
  private func path(of request: Request) -> String {
    let path = request.uri.path
    guard let namespace = request.uri.queryParameters["ns"], let prefix = namespaces[String(namespace)], !prefix.isEmpty, path.hasPrefix("/v2/"),
      path != "/v2/"
    else { return path }
    return "/v2/\(prefix)/\(path.dropFirst(4))"
  }

  func provider(of name: RepositoryName) -> any ContentProvider { providers.first { $0.owns(name) } ?? providers[providers.count - 1] }

  /// A page's size from `n`: at least none, at most `maximum`. Throws for what is no number.
  func pageSize(_ call: Call, maximum: Int = 1000) throws(HullError) -> Int {
    guard let text = call.query("n") else { return maximum }
    guard let number = Int(text), number >= 0 else { throw HullError(.invalidArgument, "invalid page size n=\(quoted(text)): use a number") }
    return min(number, maximum)
  }

  /// Whether a request comes from no browser, or from a page of this registry.
  private func isFromHere(_ request: Request) -> Bool {
    guard let origin = request.headers[.origin] else { return true }
    return origin == "http://\(request.head.authority ?? "")" || origin == "https://\(request.head.authority ?? "")"
  }

  private func change(_ route: RegistryRoute, _ call: Call) async throws -> Response {
    guard let name = route.repository, !readOnly else {
      throw HullError(.unsupportedHere, readOnly ? "this registry is read-only" : "\(call.request.method) is not supported here")
    }
    // A browser sends what any page tells it to, with the password that it knows: only the registry's own pages may change something.
    guard isFromHere(call.request) else { throw HullError(.denied, "a page of another site must not change anything here") }
    guard provider(of: name).isWritable else {
      throw HullError(.unsupportedHere, "repository \(name) mirrors another place: push there, or to another name")
    }
    switch (call.request.method, route) {
    case (.put, .manifest(_, let reference)): return try await putManifest(reference, name, call)
    case (.delete, .manifest(_, let reference)): return try await deleteManifest(reference, name)
    case (.delete, .blob(_, let digest)): return try await deleteBlob(digest, name)
    case (.post, .uploads): return try await startUpload(name, call)
    case (.get, .upload(_, let id)), (.head, .upload(_, let id)): return try await uploadStatus(id, name)
    case (.patch, .upload(_, let id)): return try await uploadChunk(id, name, call)
    case (.put, .upload(_, let id)): return try await finishUpload(id, name, call)
    case (.delete, .upload(_, let id)): return try await cancelUpload(id, name)
    default: throw HullError(.unsupportedHere, "\(call.request.method) is not supported here")
    }
  }
}
