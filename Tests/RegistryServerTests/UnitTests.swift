// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import OCISpec
import RegistryServer
import RegistryStore
import Testing

struct UnitTests {
  static let digest = "sha256:" + String(repeating: "a", count: 64)

  @Test func pathsNameEndpoints() throws {
    let name = try RepositoryName("a/b")
    #expect(try RegistryRoute(path: "/v2") == .version)
    #expect(try RegistryRoute(path: "/v2/") == .version)
    #expect(try RegistryRoute(path: "/v2/_catalog") == .catalog)
    #expect(try RegistryRoute(path: "/v2/a/b/tags/list") == .tags(name))
    #expect(try RegistryRoute(path: "/v2/a/b/manifests/v1") == .manifest(name, .tag("v1")))
    #expect(
      try RegistryRoute(path: "/v2/a/b/manifests/sha256%3A\(String(repeating: "a", count: 64))") == .manifest(name, .digest(Digest(Self.digest))))
    #expect(try RegistryRoute(path: "/v2/a/b/blobs/uploads/") == .uploads(name))
    #expect(try RegistryRoute(path: "/v2/a/b/blobs/uploads/12") == .upload(name, "12"))
    #expect(try RegistryRoute(path: "/v2/a/b/referrers/\(Self.digest)") == .referrers(name, Digest(Self.digest)))
    // Names may look like endpoints.
    #expect(try RegistryRoute(path: "/v2/manifests/tags/tags/list") == .tags(RepositoryName("manifests/tags")))
    #expect(try RegistryRoute(path: "/v2/blobs/uploads/blobs/uploads/") == .uploads(RepositoryName("blobs/uploads")))
  }

  @Test(arguments: ["/", "/v2/a", "/v2/a/b", "/v2/a/tags/other", "/v2/%", "/v2/a%00/manifests/x", "/v1/a/manifests/x"])
  func otherPathsAreNoEndpoints(_ path: String) throws {
    #expect(try RegistryRoute(path: path) == nil)
  }

  @Test(arguments: [
    ("bytes=0-0", ByteRange.part(0..<1)), ("bytes=5-", .part(5..<10)), ("bytes=-3", .part(7..<10)), ("bytes=-30", .part(0..<10)),
    ("bytes=8-100", .part(8..<10)), ("bytes=10-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=5-4", .whole), ("bytes=a-b", .whole),
    ("bytes=0-1,3-4", .whole), ("items=0-1", .whole), ("bytes=--1", .whole), ("bytes=0-99999999999999999999999", .whole),
  ])
  func rangesAreReadAsTheSpecificationSays(_ header: String, _ expected: ByteRange) {
    #expect(ByteRange(header, size: 10) == expected)
  }

  @Test func quantitiesAreReadAndNonsenseIsRefused() throws {
    #expect(try Quantity.bytes("10GB") == 10_000_000_000)
    #expect(try Quantity.bytes("1KiB") == 1024)
    #expect(try Quantity.seconds("2d") == 172_800)
    for text in ["", "x", "-1", "1parsec", "99999999999999999999GB", "9223372036854775807TB"] {
      #expect(throws: HullError.self) { _ = try Quantity.bytes(text) }
      #expect(throws: HullError.self) { _ = try Quantity.seconds(text) }
    }
  }

  @Test func rulesAllowWhatOneOfThemAllows() throws {
    var team = AccessRules.Rule(repositories: [try NamePattern("team/**")], actions: [.pull, .push])
    team.groups = ["dev"]
    var open = AccessRules.Rule(repositories: [try NamePattern("public/*")], actions: [.pull])
    open.anonymous = true
    let rules = AccessRules(rules: [team, open], groups: ["dev": ["alice"]])
    #expect(rules.allows("alice", .push, try RepositoryName("team/a/b")))
    #expect(!rules.allows("alice", .delete, try RepositoryName("team/a")))
    #expect(!rules.allows("bob", .pull, try RepositoryName("team/a")))
    #expect(rules.allows(nil, .pull, try RepositoryName("public/a")))
    #expect(!rules.allows(nil, .pull, try RepositoryName("public/a/b")))
    #expect(AccessRules.open.allows(nil, .delete, try RepositoryName("x")))
    #expect(!AccessRules.members.allows(nil, .pull, try RepositoryName("x")))
  }

  @Test func upstreamsAreReadFromTheCommandLine() throws {
    let hub = try UpstreamSettings(parsing: "hub=https://me:p%40ss@registry-1.docker.io")
    #expect(hub.prefix == "hub" && hub.url == "https://registry-1.docker.io" && hub.username == "me" && hub.password == "p@ss")
    let all = try UpstreamSettings(parsing: "http://localhost:5000/a=b")
    #expect(all.prefix.isEmpty && all.url == "http://localhost:5000/a=b")
    #expect(throws: HullError.self) { _ = try UpstreamSettings(parsing: "../x=https://a") }
  }

  @Test(arguments: [
    ("{\"acces\":[]}", "acces"), ("{\"quotas\":[{\"repositories\":[\"a\"],\"bytes\":\"x\"}]}", "size"),
    ("{\"access\":[{\"repositories\":[\"a\"],\"actions\":[\"fly\"]}]}", "fly"), ("{\"quotas\":[{\"bytes\":\"1\"}]}", "repositories"), ("[", "JSON"),
    ("{\"retention\":[{\"repositories\":[\"a\"],\"keepLast\":\"x\"}]}", "keepLast"),
  ])
  func aMistakeInTheConfigurationIsNamed(_ text: String, _ expected: String) throws {
    let path = "/var/tmp/hull-registry-config-\(UInt64.random(in: .min ... .max))"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: HullError.self) { _ = try ConfigurationFile(path: path) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(expected))
  }
}
