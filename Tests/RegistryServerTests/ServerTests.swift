// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Logging
import OCISpec
import RegistryServer
import RegistryStore
import Testing

struct ServerTests {
  @Test func theSecondAnswerComesFromMemoryAndIsTheSame() async throws {
    try await TestServer.run { server in
      let manifest = try await server.image("x", in: "a", tag: "v1")
      let blob = try await server.push([UInt8](repeating: 7, count: 3 << 20), to: "a")
      for path in ["/v2/a/manifests/v1", "/v2/a/manifests/\(SHA256.digest(of: manifest))", "/v2/a/blobs/\(blob)"] {
        let first = try await server.ask("GET", path)
        let second = try await server.ask("GET", path)
        #expect(first.status == 200 && second.status == 200)
        #expect(first.body == second.body)
        for header in [
          "Content-Type", "Content-Length", "Docker-Content-Digest", "ETag", "Docker-Distribution-Api-Version", "X-Content-Type-Options",
        ] {
          #expect(first.header(header) != nil && first.header(header) == second.header(header), "\(header) of \(path)")
        }
        let head = try await server.ask("HEAD", path)
        #expect(head.body.isEmpty && head.header("Content-Length") == first.header("Content-Length"))
      }
    }
  }

  @Test func aPushIsSeenByTheNextRead() async throws {
    try await TestServer.run { server in
      for number in 0..<30 {
        let manifest = try await server.image("\(number)", in: "a", tag: "moving")
        #expect(try await server.ask("GET", "/v2/a/manifests/moving").body == manifest)
      }
    }
  }

  @Test func errorsAreWrittenAsTheSpecificationSays() async throws {
    try await TestServer.run { server in
      let answer = try await server.ask("GET", "/v2/a/manifests/v1")
      #expect(answer.status == 404 && answer.header("Content-Type") == "application/json")
      #expect(
        String(decoding: answer.body, as: UTF8.self)
          == "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"there is no manifest v1 in repository a\"}]}")
      #expect(try await server.ask("GET", "/elsewhere").status == 404)
      #expect(try await server.ask("PUT", "/v2/").status == 405)
    }
  }

  @Test func manyReadersAtOnceGetWhatTheyAskedFor() async throws {
    try await TestServer.run { server in
      var blobs: [Digest] = []
      for number in 0..<8 { blobs.append(try await server.push([UInt8](repeating: UInt8(number), count: 700_000 + number), to: "a")) }
      let all = blobs
      try await withThrowingTaskGroup(of: Void.self) { group in
        for round in 0..<64 {
          group.addTask {
            let answer = try await server.ask("GET", "/v2/a/blobs/\(all[round % 8])")
            #expect(answer.body.count == 700_000 + round % 8 && answer.body.allSatisfy { $0 == UInt8(round % 8) })
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func aRegistryForEverybodyIsNotServedToEverybody() async throws {
    var configuration = RegistryConfiguration(root: "/var/tmp/never-made")
    configuration.host = "0.0.0.0"
    await #expect(throws: HullError.self) { _ = try await RegistryServer(configuration, logger: Logger(label: "test")) }
  }

  @Test func whatIsPulledThroughIsWhatTheUpstreamHas() async throws {
    try await TestServer.run { upstream in
      let manifest = try await upstream.image("x", in: "team/app", tag: "v1")
      let layer = SHA256.digest(of: "layer x")
      let settings = try UpstreamSettings(parsing: "up=http://127.0.0.1:\(upstream.port)")
      try await TestServer.run({ $0.upstreams = [settings] }) { server in
        let pulled = try await server.ask("GET", "/v2/up/team/app/manifests/v1")
        #expect(pulled.body == manifest)
        for _ in 0..<2 {
          let blob = try await server.ask("GET", "/v2/up/team/app/blobs/\(layer)")
          #expect(blob.body == [UInt8]("layer x".utf8))
        }
        let statuses = [
          try await server.ask("GET", "/v2/up/team/none/manifests/v1").status, try await server.ask("POST", "/v2/up/team/app/blobs/uploads/").status,
          try await server.ask("POST", "/v2/own/blobs/uploads/").status,
        ]
        #expect(statuses == [404, 405, 202])
      }
    }
  }
}
