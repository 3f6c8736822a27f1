// SPDX-License-Identifier: Apache-2.0
import Errors
import LinuxSystem

/// A place that has what a registry has.
package struct Mirror: Sendable, Hashable {
  /// Where it is. A path is put before the repository's name (`https://harbor.example/proxy`: `/v2/proxy/library/busybox`);
  /// one that contains `/v2` says itself where the API begins (`https://host/docker/v2/proxy`).
  package var url: WebAddress
  package var username: String
  package var password: String
  /// Holds the password, instead of `password`; read for each login, so that it may be renewed.
  package var passwordFile: String?
  package var tls: TLSFiles
  package var insecure: Bool
  /// `false`: asked only for digests, because its tags may be old.
  package var resolvesTags: Bool

  package init(
    _ url: WebAddress, username: String = "", password: String = "", passwordFile: String? = nil, tls: TLSFiles = TLSFiles(),
    insecure: Bool = false, resolvesTags: Bool = true
  ) {
    self.url = url
    self.username = username
    self.password = password
    self.passwordFile = passwordFile
    self.tls = tls
    self.insecure = insecure
    self.resolvesTags = resolvesTags
  }

  /// What it is asked with; `nil`: as anybody.
  func credentials() throws(HullError) -> RegistryCredentials? {
    guard !username.isEmpty else { return nil }
    guard let passwordFile else { return RegistryCredentials(username: username, password: password) }
    let password = try step("cannot read the password of mirror \(url)") { () throws(SystemError) in try Files.readText(passwordFile, limit: 16 << 10)
    }
    return RegistryCredentials(username: username, password: password)
  }
}
