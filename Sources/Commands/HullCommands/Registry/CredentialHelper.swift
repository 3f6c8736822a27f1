// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `docker-credential-NAME`: a program that keeps passwords in a key ring. It reads one value and prints one.
struct CredentialHelper {
  private static let tokenUser = "<token>"
  private let program: String

  init(_ name: String) { program = "docker-credential-\(name)" }

  /// `nil` when it knows nobody at that registry.
  func get(_ server: String) throws -> Account? {
    let (status, said) = try run("get", server)
    if status != 0 {
      if said.contains("credentials not found") { return nil }
      throw HullError(.unavailable, "\(program) get: \(said)")
    }
    let answer = try JSONParser.parse(said)
    let (user, secret) = (answer["Username"].text, answer["Secret"].text)
    if user == Self.tokenUser { return Account(server: server, identityToken: secret) }
    return Account(server: server, user: user, password: secret)
  }

  func store(_ account: Account) throws {
    let isToken = !account.identityToken.isEmpty
    let entry: JSON = [
      "ServerURL": .string(account.server), "Username": .string(isToken ? Self.tokenUser : account.user),
      "Secret": .string(isToken ? account.identityToken : account.password),
    ]
    let (status, said) = try run("store", entry.encoded())
    guard status == 0 else { throw HullError(.unavailable, "\(program) store: \(said)") }
  }

  func erase(_ server: String) throws {
    let (status, said) = try run("erase", server)
    guard status == 0 || said.contains("credentials not found") else { throw HullError(.unavailable, "\(program) erase: \(said)") }
  }

  /// The input goes through a pipe, which holds more than any account has: it is written before anybody reads.
  private func run(_ verb: String, _ input: String) throws -> (status: Int32, output: String) {
    guard input.utf8.count <= 32768 else { throw HullError(.invalidArgument, "this account is too large for \(program)") }
    guard let ends = GNU.pipe() else { throw HullError(.internalError, "pipe: \(errorText())") }
    defer { close(ends.read) }
    Output.writeAll(ends.write, Array(input.utf8))
    close(ends.write)
    let child = try ChildProcess([program, verb], input: .file(ends.read), output: .pipe)
    let output = String(decoding: try Files.readAll(child.output, path: program), as: UTF8.self)
    return (child.wait(), Text.trimmed(output))
  }
}
