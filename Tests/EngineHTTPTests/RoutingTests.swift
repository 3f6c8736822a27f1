// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import NIOCore
import NIOHTTP1
import Testing

@testable import EngineHTTP

@Suite struct RoutingTests {
  private func route(_ method: String, _ path: String) -> String {
    let router = Router()
    for pattern in [
      "GET /images/json", "GET /images/get", "GET /images/{name...}/json", "GET /images/{name...}/get", "DELETE /images/{name...}",
      "GET /containers/{id}/json", "POST /images/{name...}/tag",
    ] {
      let parts = pattern.split(separator: " ")
      router.add(String(parts[0]), String(parts[1])) { _ in .text(pattern) }
    }
    router.add("DELETE", "/containers/{id}/{alias}", listed: false) { _ in .text("") }
    switch router.match(method, path.split(separator: "/")) {
    case .handler(_, let parameters): return parameters.map { "\($0)=\($1)" }.joined()
    case .methodNotAllowed(let methods): return "only " + methods.joined(separator: " ")
    case .notFound: return "not found"
    }
  }

  @Test func imageNamesMayHaveSlashesAndBeCalledLikeRoutes() {
    #expect(route("GET", "/images/json") == "")
    #expect(route("GET", "/images/a/json") == "name=a")
    #expect(route("GET", "/images/host:5000/a/b:c/json") == "name=host:5000/a/b:c")
    #expect(route("GET", "/images/json/json") == "name=json")
    #expect(route("GET", "/images/get/get") == "name=get")
    #expect(route("DELETE", "/images/a/json") == "name=a/json")
    #expect(route("GET", "/containers/a/b/json") == "not found")
    #expect(route("PUT", "/containers/a/json") == "only GET")
    #expect(route("PUT", "/containers/a/b") == "not found" && route("DELETE", "/containers/a/b").contains("alias=b"))
    #expect(route("GET", "/images/" + String(repeating: "a/", count: 5000) + "x") == "only DELETE")
  }

  @Test func queriesAreReadAsGoReadsThem() throws {
    let query = try Query(parsing: "all=1&size=False&names=a&names=b%2Fc+d&empty=&bare&t=-1&x=1.5")
    #expect(query.bool("all") && !query.bool("size") && !query.bool("empty") && !query.bool("missing"))
    #expect(query.bool("missing", default: true))
    #expect(query.all("names") == ["a", "b/c d"])
    #expect(try query.int("t") == -1)
    #expect(try query.int("empty") == nil)
    #expect(throws: HullError.self) { try query.int("x") }
    #expect(throws: HullError.self) { try Query(parsing: "a=%zz") }
    #expect(throws: HullError.self) { try Query(parsing: "a=%2") }
  }

  @Test func timesAreSecondsWithAFraction() throws {
    let query = try Query(parsing: "a=1&b=1.5&c=1.000000001&d=-1.5&e=x&f=99999999999999&g=1.x&h=")
    #expect(try query.time("a") == 1_000_000_000)
    #expect(try query.time("b") == 1_500_000_000)
    #expect(try query.time("c") == 1_000_000_001)
    #expect(try query.time("d") == -1_500_000_000)
    #expect(try query.time("f") == .max)
    #expect(try query.time("h") == nil)
    for name in ["e", "g"] { #expect(throws: HullError.self) { try query.time(name) } }
  }

  @Test func jsonBodiesAreCheckedAsDockerDoes() async throws {
    try await withServer(
      routes: { router in
        router.add("POST", "/exec") { context in
          let config = try await context.json(ExecStartConfig.self)
          return .text("\(config.detach) \(config.tty)")
        }
      },
      test: { server in
        func post(_ body: String, type: String? = "application/json") async -> (Int, String) {
          let header = type.map { "Content-Type: \($0)\r\n" } ?? ""
          let answer = await server.ask("POST /exec HTTP/1.1\r\nHost: a\r\n\(header)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
          return (answer.status, answer.body)
        }
        #expect(await post("") == (200, "false false"))
        #expect(await post(#"{"Detach":true,"Unknown":{"a":[1]}}"#, type: "application/json; charset=utf-8") == (200, "true false"))
        #expect(
          await post("{}", type: "text/plain") == (
            400, "{\"message\":\"unsupported Content-Type header (text/plain): must be 'application/json'\"}\n"
          ))
        #expect(await post("{}", type: nil).0 == 400)
        for body in ["{", "[]", "7", #"{"Detach":"yes"}"#, "{} x", "\u{feff}", String(repeating: "[", count: 100_000)] {
          #expect(await post(body).0 == 400, "\(body.prefix(40))")
        }
        #expect(await post(#"{"Detach":"yes"}"#).1.contains("Detach"))
      })
  }
}
