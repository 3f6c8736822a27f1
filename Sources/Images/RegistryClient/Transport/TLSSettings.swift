// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOSSL
import OCISpec
import Synchronization

/// Turns policies into TLS settings, and remembers them a while: files of certificates are read again when they may have been renewed.
final class TLSSettings: Sendable {
  private struct Entry {
    let settings: TLSConfiguration
    let made: ContinuousClock.Instant
  }

  private let entries = Mutex<[HostPolicy: Entry]>([:])

  /// Throws `invalidArgument` that names the file that cannot be used. Blocking.
  func settings(for policy: HostPolicy) throws(HullError) -> TLSConfiguration {
    let now = ContinuousClock.now
    if let entry = entries.withLock({ $0[policy] }), now - entry.made < .seconds(60) { return entry.settings }
    let settings = try TLSSettings.make(policy)
    entries.withLock { entries in
      entries = entries.filter { now - $0.value.made < .seconds(60) }
      entries[policy] = Entry(settings: settings, made: now)
    }
    return settings
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
