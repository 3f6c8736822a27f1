// SPDX-License-Identifier: Apache-2.0

/// Who one is at a registry: a user with a password, or a token that stands for both.
struct Account: Equatable {
  var server: String
  var user = ""
  var password = ""
  /// OAuth's refresh token, where the registry gave one instead of taking the password each time.
  var identityToken = ""

  /// What the engine takes: the header's value, and the body of `POST /auth`.
  var json: JSON {
    if !identityToken.isEmpty { return ["identitytoken": .string(identityToken), "serveraddress": .string(server)] }
    return ["username": .string(user), "password": .string(password), "serveraddress": .string(server)]
  }

  /// The header that carries the account of the registry of an image; empty of an account where none is known.
  static func header(forImage name: String) throws -> (String, String) {
    let account = try DockerConfig.load().account(RegistryName.ofImage(name))
    return ("X-Registry-Auth", Base64.encoded((account?.json ?? [:]).encoded().utf8, forURL: true))
  }
}
