// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// How far a host is trusted, and what proves both sides.
struct HostPolicy: Sendable, Hashable {
  /// Plain HTTP and unverified TLS are fine.
  var insecure: Bool
  var tls: TLSFiles
}

extension RegistriesConfiguration {
  /// What holds for a host that is named in a URL: its own settings, the directories of certificates, and loopback's privilege.
  /// Blocking: reads directories.
  func policy(for address: WebAddress) -> HostPolicy {
    let name = address.host == "registry-1.docker.io" ? RegistryHost.hub : address.authority
    let registry = registries[name]
    var tls = registry?.tls ?? TLSFiles()
    if tls.isEmpty { tls = CertificateDirectory.files(for: address, in: certificateDirectories) }
    return policy(address, tls: tls, insecure: registry?.insecure ?? false)
  }

  /// What holds for a mirror's own host.
  func policy(for mirror: Mirror) -> HostPolicy {
    guard mirror.tls.isEmpty else { return policy(mirror.url, tls: mirror.tls, insecure: mirror.insecure) }
    var policy = policy(for: mirror.url)
    policy.insecure = policy.insecure || mirror.insecure
    return policy
  }

  /// Who gives an authority for a loopback address wants it verified; everybody else gets there without.
  private func policy(_ address: WebAddress, tls: TLSFiles, insecure: Bool) -> HostPolicy {
    let isLoopback = HostPattern.isLoopback(address.host) && tls.authorities.isEmpty
    return HostPolicy(insecure: insecure || isLoopback || isDeclaredInsecure(host: address.host, port: address.port), tls: tls)
  }
}

/// `certs.d`: a directory per host with what Docker looks for in it.
enum CertificateDirectory {
  /// The files of the first directory that knows the host.
  static func files(for address: WebAddress, in directories: [String]) -> TLSFiles {
    for directory in directories {
      for name in Set([address.authority, "\(address.host):\(address.port)"]).sorted() {
        let files = read("\(directory)/\(name)")
        if !files.isEmpty { return files }
      }
    }
    return TLSFiles()
  }

  private static func read(_ directory: String) -> TLSFiles {
    guard let stream = opendir(directory) else { return TLSFiles() }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } })
    }
    names.sort()
    var files = TLSFiles(authorities: names.filter { $0.hasSuffix(".crt") }.map { "\(directory)/\($0)" })
    let keyed = names.first { $0.hasSuffix(".cert") && names.contains($0.dropLast(4) + "key") }
    if let keyed {
      files.certificate = "\(directory)/\(keyed)"
      files.key = "\(directory)/\(keyed.dropLast(4))key"
    }
    return files
  }
}
