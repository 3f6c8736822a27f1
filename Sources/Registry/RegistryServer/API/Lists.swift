// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import OCISpec
import RegistryStore

extension RegistryAPI {
  private struct TagList: Encodable {
    let name: String
    let tags: [String]
  }

  private struct Repositories: Encodable {
    let repositories: [String]
  }

  /// `GET /v2/NAME/tags/list?n=&last=`
  func tags(_ name: RepositoryName, _ call: Call) async throws -> Response {
    let size = try pageSize(call, maximum: 10_000)
    let (tags, more) = try await provider(of: name).tags(in: name, after: call.query("last"), limit: size)
    return page(TagList(name: name.description, tags: tags), more ? tags.last : nil, size, call)
  }

  /// `GET /v2/_catalog?n=&last=`: the repositories that the user may read.
  func catalog(_ call: Call) async throws -> Response {
    let size = try pageSize(call, maximum: 10_000)
    let last = call.query("last")
    let names = try await readable(by: call.user).map(\.description).filter { name in last.map { $0 < name } ?? true }
    let page = Array(names.prefix(size))
    return self.page(Repositories(repositories: page), names.count > size ? page.last : nil, size, call)
  }

  /// Every repository that the user may read, sorted.
  func readable(by user: Principal) async throws -> [RepositoryName] {
    var names: Set<RepositoryName> = []
    // Whoever cannot be asked just now does not hide the others.
    for provider in providers { names.formUnion((try? await provider.repositories()) ?? []) }
    return names.filter { access.allows(user, .pull, $0) }.sorted()
  }

  /// `GET /v2/NAME/referrers/DIGEST?artifactType=`: an index of what refers to a manifest, empty when nothing does.
  func referrers(_ subject: Digest, _ name: RepositoryName, _ call: Call) async throws -> Response {
    let type = call.query("artifactType")
    let last = try call.query("last").map { (text) throws(HullError) in try Digest(registry: text) }
    let size = try pageSize(call, maximum: 500)
    let (descriptors, more) = try await provider(of: name).referrers(of: subject, in: name, artifactType: type, after: last, limit: size)
    var response = page(Index(manifests: descriptors), more ? descriptors.last?.digest.description : nil, size, call)
    response.headers[.contentType] = MediaType.ociIndex
    if type != nil { response.headers[.filtersApplied] = "artifactType" }
    return response
  }

  /// One page, with a link to the next (RFC 8288) when there is more.
  private func page(_ value: some Encodable, _ last: String?, _ size: Int, _ call: Call) -> Response {
    var response = Response(json: value)
    if let last {
      let type = call.query("artifactType").map { "&artifactType=\(Percent.encode($0))" } ?? ""
      response.headers[.link] = "<\(call.request.uri.path)?n=\(size)&last=\(Percent.encode(last))\(type)>; rel=\"next\""
    }
    return response
  }
}
