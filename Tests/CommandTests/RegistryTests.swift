// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import HullCommands

@Suite struct RegistryTests {
  @Test(arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar", "user:pässword?>"])
  func base64ComesBackAsItWas(_ text: String) {
    #expect(Base64.decode(Base64.encoded(text.utf8)) == Array(text.utf8))
  }

  @Test func base64HasTheAlphabetsOfItsSpecification() {
    #expect(Base64.encoded("foob".utf8) == "Zm9vYg==")
    #expect(Base64.encoded([0xFB, 0xFF, 0xBF]) == "+/+/" && Base64.encoded([0xFB, 0xFF, 0xBF], forURL: true) == "-_-_")
  }

  @Test(arguments: [
    ("busybox", RegistryName.hub), ("library/busybox:1", RegistryName.hub), ("docker.io/a/b", RegistryName.hub), ("localhost/a", "localhost"),
    ("127.0.0.1:5000/a/b:v1", "127.0.0.1:5000"), ("registry.example.org/a@sha256:0", "registry.example.org"),
  ])
  func anImagesNameTellsItsRegistry(_ name: String, _ registry: String) { #expect(RegistryName.ofImage(name) == registry) }

  @Test(arguments: [
    ("https://index.docker.io/v1/", RegistryName.hub), ("docker.io", RegistryName.hub), ("https://r.example.org:5000/v2/", "r.example.org:5000"),
    ("r.example.org", "r.example.org"),
  ])
  func aRegistryHasOneKeyHoweverItIsWritten(_ written: String, _ key: String) { #expect(RegistryName.key(written) == key) }

  @Test(arguments: [
    ("busybox", "docker.io/library/busybox"), ("a/b:v1", "docker.io/a/b:v1"), ("r.example.org/a", "r.example.org/a"),
    ("docker.io/library/busybox:1", "docker.io/library/busybox:1"),
  ])
  func aPulledImageIsToldByItsWholeName(_ name: String, _ whole: String) { #expect(ImageName.canonical(name) == whole) }
}

/// Accounts in a folder of their own.
@Suite final class DockerConfigTests {
  private let folder: String

  init() throws { folder = try TemporaryDirectory.make("hull-config-test") }
  deinit { TemporaryDirectory.remove(folder) }

  private var path: String { folder + "/config.json" }
  private func load() throws -> DockerConfig { try DockerConfig.load { $0 == "HULL_CONFIG" ? self.folder : nil } }

  private func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
    try #require(descriptor >= 0 && Output.writeAll(descriptor, Array(text.utf8)))
    close(descriptor)
  }

  @Test func anAccountIsKeptAsDockerKeepsIt() throws {
    try write(#"{"detachKeys":"ctrl-x","auths":{"other":{"auth":"YTpi"}},"z":1.50}"#, to: path)
    var config = try load()
    try config.store(Account(server: "r:5000", user: "me", password: "pass:word"))
    #expect(
      Files.text(path) == """
        {
        \t"detachKeys": "ctrl-x",
        \t"auths": {
        \t\t"other": {
        \t\t\t"auth": "YTpi"
        \t\t},
        \t\t"r:5000": {
        \t\t\t"auth": "bWU6cGFzczp3b3Jk"
        \t\t}
        \t},
        \t"z": 1.50
        }
        """)
    #expect(try load().account("r:5000") == Account(server: "r:5000", user: "me", password: "pass:word"))
    var info = stat()
    #expect(stat(path, &info) == 0 && info.st_mode & 0o777 == 0o600)
  }

  @Test func anAccountWithAnOldKeyIsFound() throws {
    try write(#"{"auths":{"https://r:5000/v1/":{"auth":"YTpi"}}}"#, to: path)
    #expect(try load().account("r:5000") == Account(server: "r:5000", user: "a", password: "b"))
    #expect(try load().account("r:5001") == nil)
  }

  @Test func anErasedAccountIsGoneAndOthersStay() throws {
    try write(#"{"auths":{"a":{"auth":"YTpi"},"b":{"auth":"YTpi"}}}"#, to: path)
    var config = try load()
    try config.erase("a")
    try config.erase("nobody")
    #expect(try load().account("a") == nil && load().account("b") != nil)
  }

  @Test func aTokenStandsForThePassword() throws {
    var config = try load()
    try config.store(Account(server: "r", user: "me", password: "secret", identityToken: "token"))
    let kept = try #require(try load().account("r"))
    #expect(kept.identityToken == "token" && kept.password == "")
    #expect(kept.json == ["identitytoken": "token", "serveraddress": "r"])
  }

  @Test func aSymbolicLinkStaysOne() throws {
    try write("{}", to: folder + "/real")
    try #require(symlink("real", path) == 0)
    var config = try load()
    try config.store(Account(server: "r", user: "a", password: "b"))
    #expect(try TreeArchive.target(path) == "real")
    #expect(try load().account("r") != nil)
  }

  @Test func aFileThatIsNoJSONIsNamed() throws {
    try write("{", to: path)
    #expect(throws: (any Error).self) { try self.load() }
  }

  @Test func aCredentialHelperKeepsTheAccounts() throws {
    let program = "docker-credential-hulltest\(getpid())"
    let script = """
      #!/bin/sh
      cd \(folder)
      case $1 in
        get) read -r server; test -e "kept" || { echo "credentials not found in native keychain"; exit 1; }; cat kept ;;
        store) cat > kept ;;
        erase) rm -f kept ;;
      esac
      """
    try write(script, to: "\(folder)/\(program)", mode: 0o700)
    try write(#"{"credHelpers":{"r":"hulltest\#(getpid())"}}"#, to: path)
    let before = Environment.value("PATH") ?? ""
    setenv("PATH", "\(folder):\(before)", 1)
    defer { setenv("PATH", before, 1) }
    var config = try load()
    #expect(try config.account("r") == nil)
    try config.store(Account(server: "r", user: "me", password: "secret"))
    #expect(try load().account("r") == Account(server: "r", user: "me", password: "secret"))
    #expect(Files.text(path)?.contains("auth\"") == false)
    try config.erase("r")
    #expect(try load().account("r") == nil)
  }
}
