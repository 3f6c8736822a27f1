// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc

/// Debian's docker-registry on a loopback port, with a directory of its own.
final class DockerRegistry: Sendable {
  let host: String
  private let scratch: Scratch
  private let process: Process

  /// - Parameters:
  ///   - name: the host that clients use; must be this machine.
  ///   - user: who is let in, with `secret`, by basic authentication; `nil`: everybody.
  ///   - certificates: TLS with these, and only for clients that have a certificate of the same authority.
  init(name: String = "127.0.0.1", user: String? = nil, certificates: Certificates? = nil) throws {
    scratch = try Scratch()
    let port = try DockerRegistry.freePort()
    host = "\(name):\(port)"
    var configuration = """
      version: 0.1
      log: {level: error}
      storage: {filesystem: {rootdirectory: "\(scratch("data"))"}, delete: {enabled: true}}
      http:
        addr: 127.0.0.1:\(port)
      """
    if let certificates {
      configuration +=
        "\n  tls: {certificate: \"\(certificates.server)\", key: \"\(certificates.serverKey)\", clientcas: [\"\(certificates.authority)\"]}"
    }
    if let user {
      try run(["htpasswd", "-Bbc", scratch("users"), user, "secret"])
      configuration += "\nauth: {htpasswd: {realm: test, path: \"\(scratch("users"))\"}}"
    }
    process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/docker-registry")
    process.arguments = ["serve", try scratch.write("config.yml", configuration + "\n")]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    try DockerRegistry.waitForPort(port)
  }

  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  private static func freePort() throws -> Int {
    try withSocket { fd, address, length in
      guard bind(fd, address, length) == 0, getsockname(fd, address, &length) == 0 else { throw HullError(.internalError, "no free port") }
    }
  }

  /// Until the registry listens; ten seconds at most.
  private static func waitForPort(_ port: Int) throws {
    for _ in 0..<1000 {
      let isOpen = try? withSocket(port: port) { fd, address, length in
        guard connect(fd, address, length) == 0 else { throw HullError(.unavailable, "not yet") }
      }
      if isOpen != nil { return }
      usleep(10_000)
    }
    throw HullError(.unavailable, "docker-registry did not come up on port \(port)")
  }

  /// Runs `body` with a socket and a loopback address.
  /// - Returns: the port of the address afterwards.
  private static func withSocket(
    port: Int = 0, _ body: (Int32, UnsafeMutablePointer<sockaddr>, inout socklen_t) throws -> Void
  ) throws -> Int {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(fd) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body(fd, $0, &length) }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

/// An authority of a test's own, and certificates that it gave out, made by openssl.
struct Certificates: Sendable {
  let scratch: Scratch
  var authority: String { scratch("ca.crt") }
  var server: String { scratch("server.crt") }
  var serverKey: String { scratch("server.key") }
  var client: String { scratch("client.cert") }
  var clientKey: String { scratch("client.key") }

  init() throws {
    scratch = try Scratch()
    try makeAuthority(authority)
    let names = try scratch.write("names", "subjectAltName=DNS:localhost\n")
    for (name, certificate) in [("server", server), ("client", client)] {
      try run(
        ["openssl", "req", "-new", "-subj", "/CN=\(name)", "-keyout", scratch("\(name).key"), "-out", scratch("\(name).csr")] + Certificates.key)
      try run([
        "openssl", "x509", "-req", "-days", "2", "-in", scratch("\(name).csr"), "-CA", authority, "-CAkey", scratch("ca.key"), "-CAcreateserial",
        "-extfile", names, "-out", certificate,
      ])
    }
  }

  /// Another authority, which nobody was certified by.
  func renewedAuthority() throws -> String {
    let path = scratch("other.crt")
    try makeAuthority(path, key: "other.key")
    return path
  }

  private static let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

  private func makeAuthority(_ path: String, key: String = "ca.key") throws {
    try run(["openssl", "req", "-x509", "-days", "2", "-subj", "/CN=test authority", "-keyout", scratch(key), "-out", path] + Certificates.key)
  }
}
