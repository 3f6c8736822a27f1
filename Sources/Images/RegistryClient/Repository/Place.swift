// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Where a repository is: at its registry, or at a mirror of it.
struct Place: Sendable {
  /// For people: `docker.io`, `https://mirror.example/proxy`.
  let name: String
  let isRegistry: Bool
  /// The API's root, ending in `/v2`, at each scheme that may be tried, in this order.
  let roots: [WebAddress]
  /// The repository's name there.
  let repository: String
  /// The registry that a mirror is asked about; `nil` at the registry itself.
  let namespace: String?
  let resolvesTags: Bool
  let policy: HostPolicy
  let credentials: RegistryCredentials?

  /// As messages name it.
  var described: String { isRegistry ? name : "mirror \(name)" }

  /// The address of something in the repository: `manifests/latest`.
  func address(_ root: WebAddress, _ path: String) -> WebAddress {
    var address = root
    address.path += "/\(repository)/\(path)"
    return namespace.map { address.adding("ns", $0) } ?? address
  }
}

extension RegistriesConfiguration {
  /// The places of a repository in the order in which they are asked. Blocking.
  /// - Parameter insecure: plain HTTP and unverified TLS are fine at the registry itself.
  /// - Throws: `forbidden` when none may be asked, `invalidArgument` when a host or a file is no good.
  func places(
    _ reference: Reference, access: RegistryAccess, credentials: RegistryCredentials?, insecure: Bool = false
  ) throws(HullError) -> [Place] {
    var places: [Place] = []
    if access == .pull {
      for mirror in registry(reference.domain).mirrors { places.append(try place(mirror, reference)) }
    }
    if isReachable(reference.domain) {
      places.append(try registryPlace(reference.domain, repository: reference.path, credentials, insecure: insecure))
    }
    guard places.isEmpty else { return places }
    throw HullError(
      .forbidden,
      "registry \(reference.domain) must not be asked: the configuration says offline; "
        + (access == .pull ? "give it a mirror, or list it in \"local\"" : "list it in \"local\" to push there"))
  }

  /// The registry itself.
  func registryPlace(
    _ domain: String, repository: String, _ credentials: RegistryCredentials?, insecure: Bool = false
  ) throws(HullError) -> Place {
    var root = try WebAddress("https://\(RegistryHost.api(domain))/v2")
    var policy = policy(for: root)
    policy.insecure = policy.insecure || insecure
    var roots = [root]
    if policy.insecure {
      root = try WebAddress("http://\(RegistryHost.api(domain))/v2")
      roots.append(root)
    }
    return Place(
      name: domain, isRegistry: true, roots: roots, repository: repository, namespace: nil, resolvesTags: true, policy: policy,
      credentials: credentials.flatMap { $0.isEmpty ? nil : $0 })
  }

  /// Whether the registry itself may be asked.
  func isReachable(_ domain: String) -> Bool {
    guard offline else { return true }
    guard let address = try? WebAddress("https://\(domain)") else { return false }
    return local.contains { HostPattern($0).matches(host: address.host, port: address.port) }
  }

  private func place(_ mirror: Mirror, _ reference: Reference) throws(HullError) -> Place {
    var root = mirror.url
    let parts = root.path.split(separator: "/").map(String.init)
    let api = parts.firstIndex(of: "v2")
    root.path = ((api.map { parts[..<$0] } ?? []) + ["v2"]).map { "/\($0)" }.joined()
    root.query = nil
    let prefix = api.map { parts[($0 + 1)...] } ?? parts[...]
    return Place(
      name: mirror.url.description, isRegistry: false, roots: [root], repository: (prefix + [reference.path]).joined(separator: "/"),
      namespace: reference.domain, resolvesTags: mirror.resolvesTags, policy: policy(for: mirror), credentials: try mirror.credentials())
  }
}
