// SPDX-License-Identifier: Apache-2.0
import DNS
import Foundation
import Names
import Testing

/// What no network of the workload knows.
struct ForwardingTests {
  private func limits(_ port: UInt16, patience: Int64 = 10_000) -> NameServerLimits {
    var limits = NameServerLimits()
    limits.upstreamPort = port
    limits.upstreamPatience = patience
    return limits
  }

  /// A server and its upstreams `127.0.0.2`, `127.0.0.3`, …, all stopped afterwards.
  private func with(
    _ behaviours: [@Sendable (Upstream.Asked) -> [[UInt8]]], patience: Int64 = 10_000, _ body: (TestServer, [Upstream]) throws -> Void
  ) throws {
    var upstreams: [Upstream] = []
    defer { for upstream in upstreams { upstream.stop() } }
    for (index, behaviour) in behaviours.enumerated() {
      upstreams.append(try Upstream("127.0.0.\(index + 2)", port: upstreams.first?.port, behaviour))
    }
    let server = try TestServer(
      upstreams: behaviours.indices.map { "127.0.0.\($0 + 2)" }, limits: limits(try #require(upstreams.first).port, patience: patience))
    defer { server.stop() }
    try body(server, upstreams)
  }

  @Test(arguments: ["www.example.com", "singlelabel", "1.0.0.10.in-addr.arpa", ""]) func whatNobodyKnowsIsForwarded(name: String) throws {
    try with([{ [answer($0.message)] }]) { (server, upstreams) throws in
      try server.network("front", [("172.18.0.2", "web")])
      let reply = try server.ask(name)
      #expect(reply.addresses == ["198.51.100.1"] && reply.id == 0x1234)
      #expect(try server.ask("web").addresses == ["172.18.0.2"])
      #expect(upstreams[0].asked.count == 1)
    }
  }

  @Test func thatThereIsNoSuchNameIsAnAnswer() throws {
    try with([{ [answer($0.message, code: 3, count: 0)] }, { [answer($0.message)] }]) { (server, upstreams) throws in
      #expect(try server.ask("nowhere.example").code == 3)
      #expect(upstreams[1].asked.isEmpty)
    }
  }

  @Test func moreThanThreeServersAreNotAsked() throws {
    let failing: @Sendable (Upstream.Asked) -> [[UInt8]] = { [answer($0.message, code: 2, count: 0)] }
    try with([failing, failing, failing, { [answer($0.message)] }]) { (server, upstreams) throws in
      #expect(try server.ask("a.example").code == 2)
      #expect(upstreams.map(\.asked.count) == [1, 1, 1, 0])
    }
  }

  @Test func everyQuestionHasANumberAndAPortOfItsOwn() throws {
    try with([{ [answer($0.message)] }]) { (server, upstreams) throws in
      for _ in 0..<50 { #expect(try server.ask("a.example").id == 0x1234) }
      let asked = upstreams[0].asked
      #expect(Set(asked.map { number($0.message, 0) }).count > 45)
      #expect(Set(asked.map(\.port)).count > 45)
      #expect(Set(asked.map { Array($0.message.dropFirst(2)) }) == [Array(Question("a.example").bytes.dropFirst(2))])
    }
  }

  @Test func strangersAnswersAreNotTaken() throws {
    let forger: @Sendable (Upstream.Asked) -> [[UInt8]] = { asked in
      let good = answer(asked.message)
      var otherNumber = answer(asked.message, count: 2)
      otherNumber[0] ^= 1
      var otherName = answer(asked.message, count: 2)
      otherName[13] ^= 1
      var noAnswer = answer(asked.message, count: 2)
      noAnswer[2] &= 0x7F
      return [otherNumber, otherName, noAnswer, [1, 2, 3], good]
    }
    try with([forger]) { (server, _) throws in #expect(try server.ask("bank.example").addresses == ["198.51.100.1"]) }
  }

  @Test(arguments: [2, 5] as [UInt8]) func aServerThatCannotTellIsFollowedByTheNext(code: UInt8) throws {
    try with([{ [answer($0.message, code: code, count: 0)] }, { [answer($0.message)] }]) { (server, _) throws in
      #expect(try server.ask("a.example").addresses == ["198.51.100.1"])
      #expect(try server.askOverTCP("a.example").addresses == ["198.51.100.1"])
    }
  }

  @Test func aServerThatIsNotThereIsFollowedByTheNextAtOnce() throws {
    try with([{ [answer($0.message)] }]) { (server, _) throws in
      server.change { $0.upstreams.insert($0.upstreams[0].advanced(by: 50), at: 0) }
      let start = Date()
      #expect(try server.ask("a.example").addresses == ["198.51.100.1"])
      #expect(try server.askOverTCP("a.example").addresses == ["198.51.100.1"])
      #expect(Date().timeIntervalSince(start) < 5)
    }
  }

  @Test func aSilentServerIsFollowedByTheNextWhenItsTimeIsOver() throws {
    try with([{ _ in [] }, { [answer($0.message)] }], patience: 100) { (server, upstreams) throws in
      #expect(try server.ask("a.example").addresses == ["198.51.100.1"])
      #expect(try server.askOverTCP("a.example").addresses == ["198.51.100.1"])
      #expect(upstreams[0].asked.count == 2)
    }
  }

  @Test func whenNoServerAnswersTheClientIsTold() throws {
    try with([{ _ in [] }, { [answer($0.message, code: 2, count: 0)] }], patience: 100) { (server, _) throws in
      let reply = try server.ask("a.example")
      #expect(reply.code == 2 && reply.id == 0x1234)
      #expect(try server.askOverTCP("a.example").code == 2)
    }
  }

  @Test func aClientOverTCPIsForwardedOverTCP() throws {
    try with([{ [answer($0.message, count: 1000)] }]) { (server, upstreams) throws in
      #expect(try server.askOverTCP("a.example").addresses.count == 1000)
      #expect(upstreams[0].asked.map(\.overTCP) == [true])
    }
  }

  @Test func aTruncatedAnswerIsFetchedAgainOverTCP() throws {
    try with([{ [$0.overTCP ? answer($0.message, count: 100) : answer($0.message, count: 2, truncated: true)] }]) { (server, upstreams) throws in
      let plain = try server.ask("a.example")
      #expect(plain.isTruncated && plain.addresses.count == 30 && plain.size <= 512)
      var question = Question("a.example")
      question.datagramSize = 4096
      let extended = try Reply(server.exchange(question.bytes))
      #expect(!extended.isTruncated && extended.addresses.count == 100)
      #expect(upstreams[0].asked.map(\.overTCP) == [false, true, false, true])
    }
  }

  @Test func aTruncatedAnswerIsBetterThanNone() throws {
    try with([{ $0.overTCP ? [] : [answer($0.message, count: 2, truncated: true)] }], patience: 100) { (server, _) throws in
      let reply = try server.ask("a.example")
      #expect(reply.isTruncated && reply.addresses.count == 2)
    }
  }

  @Test func theExtensionOfTheClientReachesTheServer() throws {
    try with([{ [answer($0.message)] }]) { (server, upstreams) throws in
      var question = Question("a.example")
      question.datagramSize = 1400
      _ = try server.exchange(question.bytes)
      #expect(upstreams[0].asked[0].message.suffix(8) == question.bytes.suffix(8))
    }
  }

  @Test func theOldestQuestionMakesRoom() throws {
    let upstream = try Upstream { _ in [] }
    var limits = limits(upstream.port)
    limits.lookups = 3
    let server = try TestServer(upstreams: ["127.0.0.2"], limits: limits)
    defer {
      server.stop()
      upstream.stop()
    }
    let client = try DatagramClient(server.udpPort)
    for id in UInt16(1)...5 {
      var question = Question("a.example")
      question.id = id
      client.send(question.bytes)
    }
    for id in UInt16(1)...2 {
      let reply = try Reply(client.receive())
      #expect(reply.id == id && reply.code == 2)
    }
  }

  @Test func openQuestionsKeepTheirServersWhenThePlanChanges() throws {
    let gate = DispatchSemaphore(value: 0)
    let asked: @Sendable (Upstream.Asked) -> [[UInt8]] = { asked in
      gate.wait()
      return [answer(asked.message)]
    }
    try with([asked]) { (server, _) throws in
      let client = try DatagramClient(server.udpPort)
      client.send(Question("a.example").bytes)
      server.change { $0.upstreams = [] }
      gate.signal()
      #expect(try Reply(client.receive()).addresses == ["198.51.100.1"])
      #expect(try server.ask("a.example").code == 2)
    }
  }
}
