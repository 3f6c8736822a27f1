// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOSSL
import Synchronization

/// Files of a certificate chain, its key, and of who may sign the certificates of clients.
package struct CertificateFiles: Sendable {
  package var certificate: String
  package var key: String
  /// Nil: clients need no certificate.
  package var clientAuthority: String?
  package init(certificate: String, key: String, clientAuthority: String? = nil) {
    self.certificate = certificate
    self.key = key
    self.clientAuthority = clientAuthority
  }
}

/// The certificate in use; can be read again while connections are open.
final class CertificateBox: Sendable {
  private let files: CertificateFiles
  private let current: Mutex<NIOSSLContext>

  init(_ files: CertificateFiles) throws(HullError) {
    self.files = files
    current = Mutex(try Self.load(files))
  }

  var context: NIOSSLContext { current.withLock { $0 } }

  /// Takes the files as they are now; when they are no good, the old ones stay and the error says why.
  func reload() throws(HullError) {
    let new = try Self.load(files)
    current.withLock { $0 = new }
  }

  private static func load(_ files: CertificateFiles) throws(HullError) -> NIOSSLContext {
    do {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
      configuration.minimumTLSVersion = .tlsv12
      configuration.applicationProtocols = ["http/1.1"]
      if let authority = files.clientAuthority {
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
        configuration.certificateVerification = .noHostnameVerification
      }
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw HullError(.invalidArgument, "cannot use certificate \(files.certificate) with key \(files.key)", cause: error)
    }
  }
}
