// SPDX-License-Identifier: Apache-2.0
import EngineHTTP
import Errors
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite struct ConnectionTests {
  private static func basicRoutes(_ router: Router) {
    router.add("GET", "/hello") { _ in .text("hello") }
    router.add("HEAD", "/hello") { _ in .text("hello") }
    router.add("POST", "/echo") { context in .full(FullResponse(body: try await context.request.body.collect(limit: 1 << 20))) }
    router.add("POST", "/ignore") { _ in .text("ignored") }
    router.add("GET", "/broken") { _ in throw HullError(.conflict, "it is broken") }
    router.add("GET", "/unchanged") { _ in throw HullError(.notModified, "as it was") }
    router.add("GET", "/count") { _ in
      .stream(
        StreamResponse(headers: [:]) { writer in
          for number in 1...3 { try await writer.write(ByteBuffer(string: "\(number)\n")) }
        })
    }
    router.add("GET", "/parting") { _ in
      .stream(
        StreamResponse(headers: [:]) { writer in
          try await writer.write(ByteBuffer(string: "1\n"))
          writer.end(with: ByteBuffer(string: "2\n"))
        })
    }
    router.add("GET", "/stumble") { context in
      let late = context.query.bool("late")
      return .stream(
        StreamResponse(headers: [:]) { writer in
          if late { try await writer.write(ByteBuffer(string: "some")) }
          throw HullError(.notFound, "nothing there")
        })
    }
  }

  @Test func aConnectionServesManyRequestsAlsoWhenTheyCameAtOnce() async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      let bodies = await server.connect { client in
        client.send(
          String(repeating: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", count: 20))
        return (0..<40).map { _ in client.readAnswer().body }
      }
      #expect(bodies == Array(repeating: ["hello", "hi"], count: 20).flatMap { $0 })
    }
  }

  @Test func headAnswersHaveALengthAndNoBody() async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      let (head, next) = await server.connect { client in
        client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        return (client.readAnswer(toHead: true), client.readAnswer())
      }
      #expect(head.headers["content-length"] == "5")
      #expect(next.body == "hello")
    }
  }

  @Test func errorsBecomeDockersErrors() async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      let broken = await server.ask("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(broken.status == 409)
      #expect(broken.body == "{\"message\":\"it is broken\"}\n")
      let unchanged = await server.ask("GET /unchanged HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(unchanged.status == 304)
      let unknown = await server.ask("GET /v1.50/nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(unknown.status == 404)
      #expect(unknown.body == "{\"message\":\"page not found\"}\n")
      let wrong = await server.ask("PUT /hello HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(wrong.status == 405)
      #expect(wrong.headers["allow"] == "GET, HEAD")
      let new = await server.ask("GET /v9.99/hello HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(new.status == 400)
      #expect(new.body.contains("client version 9.99 is too new. Maximum supported API version is"))
      let old = await server.ask("GET /v1.12/hello HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(old.body.contains("client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client"))
    }
  }

  @Test func streamsAreChunkedOrEndWithTheConnection() async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      let chunked = await server.ask("GET /count HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(chunked.headers["transfer-encoding"] == "chunked")
      #expect(chunked.body == "1\n2\n3\n")
      let old = await server.ask("GET /count HTTP/1.0\r\n\r\n")
      #expect(old.headers["transfer-encoding"] == nil)
      #expect(old.body == "1\n2\n3\n")
    }
  }

  @Test func aStreamThatFailsBeforeItsFirstByteIsAnErrorAndBreaksOffLater() async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      let early = await server.ask("GET /stumble HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(early.status == 404)
      let rest = await server.connect { client in
        client.send("GET /stumble?late=1 HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = client.readHead()
        return String(decoding: client.readToEnd(), as: UTF8.self)
      }
      #expect(rest == "4\r\nsome\r\n")
    }
  }

  @Test func chunkedBodiesAndContinueWork() async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      let (interim, final) = await server.connect { client in
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
        let interim = client.readHead().status
        client.send("3\r\nabc\r\n")
        client.send("2\r\nde\r\n0\r\n\r\n")
        return (interim, client.readAnswer())
      }
      #expect(interim == 100)
      #expect(final.body == "abcde")
    }
  }

  @Test func aSmallBodyNobodyWantedDoesNotCostTheConnection() async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      let answers = await server.connect { client in
        client.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        client.send("body")
        let first = client.readAnswer()
        client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        return [first.body, client.readAnswer().body]
      }
      #expect(answers == ["ignored", "hello"])
    }
  }

  @Test func anOversizedBodyIsRefusedUnread() async throws {
    try await withServer({ $0.lingerTimeout = .milliseconds(100) }, routes: Self.basicRoutes) { server in
      let declared = await server.connect { client in
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n")
        return client.readAnswer()
      }
      #expect(declared.status == 413)
      #expect(declared.headers["connection"] == "close")
      let discovered = await server.connect { client in
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let block = "10000\r\n" + String(repeating: "x", count: 65536) + "\r\n"
        for _ in 0..<64 where !client.send(block) { break }
        return client.readAnswer()
      }
      #expect(discovered.status == 413)
    }
  }

  @Test func aBodyNobodyReadsStopsTheClient() async throws {
    try await withServer(
      routes: { router in
        router.add("POST", "/stuck") { context in
          _ = try await context.request.body.next()
          try await Task.sleep(for: .seconds(3600))
          return .empty(.ok)
        }
      },
      test: { server in
        let sent = await server.connect { client in
          client.send("POST /stuck HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
          return client.sendUntilStuck(limit: 64 << 20)
        }
        #expect(sent < 4 << 20)
      })
  }

  @Test func malformedRequestsGetOneAnswerAndTheConnectionEnds() async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      for text in ["GARBAGE\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"] {
        let (answer, rest) = await server.connect { client in
          client.send(text + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
          return (client.readAnswer(), client.readToEnd())
        }
        #expect(answer.status == 400)
        #expect(answer.headers["connection"] == "close")
        #expect(rest.isEmpty)
      }
      let inBody = await server.connect { client in
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        return (client.readAnswer().status, client.readToEnd().isEmpty)
      }
      #expect(inBody == (400, true))
    }
  }

  @Test func aHeadThatTakesTooLongIsGivenUp() async throws {
    try await withServer({ $0.headTimeout = .milliseconds(50) }, routes: Self.basicRoutes) { server in
      let answer = await server.ask("GET /hello HTTP/1.1\r\nHost")
      #expect(answer.status == 408)
    }
  }

  @Test func aClientThatLeavesEndsTheProducer() async throws {
    let (ended, signal) = AsyncStream<Bool>.makeStream()
    try await withServer(
      routes: { router in
        router.add("GET", "/forever") { _ in
          .stream(
            StreamResponse(headers: [:]) { writer in
              try await writer.start()
              do { try await Task.sleep(for: .seconds(3600)) } catch { signal.yield(Task.isCancelled) }
            })
        }
      },
      test: { server in
        _ = await server.connect { client in
          client.send("GET /forever HTTP/1.1\r\nHost: a\r\n\r\n")
          _ = client.readHead()
          client.close()
        }
        #expect(await ended.first { _ in true } == true)
      })
  }

  @Test(arguments: [0, 1]) func theLastPieceComesWithTheEnd(_ minor: Int) async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      let answer = await server.ask("GET /parting HTTP/1.\(minor)\r\nHost: a\r\n\r\n")
      #expect(answer.body == "1\n2\n")
    }
  }

  @Test func aHalfClosedClientStillGetsItsAnswer() async throws {
    try await withServer(routes: Self.basicRoutes) { server in
      let answers = await server.connect { client in
        client.send("GET /count HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        client.closeInput()
        return [client.readAnswer().body, client.readAnswer().body, String(decoding: client.readToEnd(), as: UTF8.self)]
      }
      #expect(answers == ["1\n2\n3\n", "hello", ""])
    }
  }
}
