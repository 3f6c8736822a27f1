// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Errors
import RegistryServer

/// Who may come in.
struct UserOptions: ParsableArguments {
  @Option(help: "Certificate chain, PEM. Read again at SIGHUP.")
  var tlsCertificate: String?

  @Option(help: "The certificate's private key, PEM.")
  var tlsKey: String?

  @Option(help: "Authority whose certificates clients must show, PEM.")
  var tlsClientCa: String?

  @Option(help: "File of users, NAME:BCRYPT a line, as hull-registry password and htpasswd -B make them.")
  var users: String?

  @Flag(help: "Ask for the password with every request instead of giving out tokens.")
  var basic = false

  @Option(help: "URL under which clients reach this registry, for the address where tokens are given out.")
  var publicUrl: String?

  @Option(help: "URL of a server that gives out tokens instead of this one.")
  var tokenRealm: String?

  @Option(help: "Service that tokens must be for.")
  var tokenService = "hull-registry"

  @Option(help: "Issuer that tokens must name.")
  var tokenIssuer: String?

  @Option(help: "Public keys of the server that gives out tokens: JWKS, or a key or certificate in PEM.")
  var tokenKeys: String?

  func apply(to configuration: inout RegistryConfiguration) throws(HullError) {
    switch (tlsCertificate, tlsKey) {
    case (let certificate?, let key?):
      configuration.certificates = CertificateFiles(certificate: certificate, key: key, clientAuthority: tlsClientCa)
    case (nil, nil):
      guard tlsClientCa == nil else { throw HullError(.invalidArgument, "--tls-client-ca needs --tls-certificate and --tls-key") }
    default: throw HullError(.invalidArgument, "--tls-certificate and --tls-key belong together")
    }
    guard (tokenRealm == nil) == (tokenKeys == nil) else { throw HullError(.invalidArgument, "--token-realm and --token-keys belong together") }
    configuration.passwords = users
    configuration.publicURL = publicUrl
    guard tokenRealm != nil || (users != nil && !basic) else { return }
    var settings = TokenSettings(service: tokenService)
    settings.realm = tokenRealm
    settings.issuer = tokenIssuer
    settings.keys = tokenKeys
    configuration.tokens = settings
  }
}
