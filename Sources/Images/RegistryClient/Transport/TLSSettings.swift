// SPDX-License-Identifier: Apache-2.0
import Errors
import LinuxSystem
import NIOSSL
import OCISpec
import Synchronization

/// Turns policies into TLS settings, and remembers them until one of their files is another.
final class TLSSettings: Sendable {
  /// What tells a file from the one that had its name before.
  private struct Stamp: Equatable {
    let inode: UInt64
    let seconds: Int
    let nanoseconds: Int
    let size: Int
  }

  private struct Entry {
    let settings: TLSConfiguration
    let stamps: [Stamp?]
  }

  private let entries = Mutex<[HostPolicy: Entry]>([:])

  /// Throws `invalidArgument` that names the file that cannot be used. Blocking.
  func settings(for policy: HostPolicy) throws(HullError) -> TLSConfiguration {
    let stamps = (policy.tls.authorities + [policy.tls.certificate, policy.tls.key].compactMap(\.self)).map(TLSSettings.stamp)
    if let entry = entries.withLock({ $0[policy] }), entry.stamps == stamps { return entry.settings }
    let settings = try TLSSettings.make(policy)
    entries.withLock { entries in
      if entries.count >= TLSSettings.most { entries = [:] }
      entries[policy] = Entry(settings: settings, stamps: stamps)
    }
    return settings
  }

  /// Hosts whose settings are remembered.
  private static let most = 100

  private static func stamp(_ file: String) -> Stamp? {
    guard let status = try? Files.status(file) else { return nil }
    return Stamp(inode: UInt64(status.st_ino), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec, size: Int(status.st_size))
  }

  private static func make(_ policy: HostPolicy) throws(HullError) -> TLSConfiguration {
    var settings = TLSConfiguration.makeClientConfiguration()
    settings.minimumTLSVersion = .tlsv12
    if policy.insecure { settings.certificateVerification = .none }
    for file in policy.tls.authorities {
      let certificates = try load(file, "certificate authority") { try NIOSSLCertificate.fromPEMFile(file) }
      settings.additionalTrustRoots.append(.certificates(certificates))
    }
    if let certificate = policy.tls.certificate, let key = policy.tls.key {
      settings.certificateChain = try load(certificate, "certificate") { try NIOSSLCertificate.fromPEMFile(certificate) }.map { .certificate($0) }
      settings.privateKey = .privateKey(try load(key, "key") { try NIOSSLPrivateKey(file: key, format: .pem) })
    }
    return settings
  }

  private static func load<Value>(_ file: String, _ what: String, _ body: () throws -> Value) throws(HullError) -> Value {
    do { return try body() } catch {
      throw HullError(.invalidArgument, "cannot use the \(what) in \(quoted(file)): it must be readable and in PEM form", cause: error)
    }
  }
}
