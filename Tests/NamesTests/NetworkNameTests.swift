// SPDX-License-Identifier: Apache-2.0
import DNS
import Foundation
import Glibc
import Launch
import Testing

/// What the workload's own networks know.
final class NetworkNameTests {
  private let server: TestServer

  init() throws {
    server = try TestServer()
    try server.network("front", [("172.18.0.2,fd00::2", "shop-web-1 web"), ("172.18.0.3", "shop-web-2 web"), ("172.18.0.9", "db")])
  }

  deinit { server.stop() }

  @Test func aNameIsAnsweredOverUDPAndTCP() throws {
    #expect(try server.ask("shop-web-1").addresses == ["172.18.0.2"])
    #expect(try server.askOverTCP("shop-web-1").addresses == ["172.18.0.2"])
    #expect(try server.ask("shop-web-1", .aaaa).addresses == ["fd00::2"])
    #expect(try server.ask("SHOP-web-1.Front").addresses == ["172.18.0.2"])
  }

  @Test func theAddressesOfAServiceTakeTurns() throws {
    let firsts = try (0..<4).map { _ in
      let addresses = try server.ask("web").addresses
      #expect(addresses.sorted() == ["172.18.0.2", "172.18.0.3"])
      return addresses.first
    }
    #expect(firsts[0] == firsts[2] && firsts[1] == firsts[3] && firsts[0] != firsts[1])
  }

  @Test(arguments: [DNSType.aaaa, .mx, .txt]) func aNameWithoutSuchARecordExists(type: DNSType) throws {
    let reply = try server.ask("db", type)
    #expect(reply.code == 0 && reply.addresses.isEmpty)
  }

  @Test func anAddressIsAnsweredWithTheContainersName() throws {
    #expect(try server.ask("3.0.18.172.in-addr.arpa", .ptr).names == ["shop-web-2.front"])
    #expect(try server.ask("2." + String(repeating: "0.", count: 29) + "d.f.ip6.arpa", .ptr).names == ["shop-web-1.front"])
    #expect(try server.ask("3.0.18.172.in-addr.arpa").names.isEmpty)
  }

  @Test func aLinksAliasStandsForItsTargetAndHidesAName() throws {
    server.change { $0.aliases = [Setting("Database", "db"), Setting("web", "gone")] }
    #expect(try server.ask("database").addresses == ["172.18.0.9"])
    #expect(try server.ask("database.front").addresses == ["172.18.0.9"])
    #expect(try server.ask("db").addresses == ["172.18.0.9"])
    #expect(try server.ask("web").code == 2)
  }

  @Test func theFirstNetworkThatKnowsANameDecides() throws {
    try server.network("back", [("10.9.0.2", "db"), ("fd01::3", "shop-web-2")])
    #expect(try server.ask("db").addresses == ["172.18.0.9"])
    #expect(try server.ask("db.back").addresses == ["10.9.0.2"])
    // The second network has an address of the type that the first has not.
    #expect(try server.ask("shop-web-2", .aaaa).addresses == ["fd01::3"])
    server.change { $0.zones.removeFirst() }
    #expect(try server.ask("db").addresses == ["10.9.0.2"])
    #expect(try server.ask("web").code == 2)
  }

  @Test func aChangedNetworkIsKnownAtTheNextQuestion() throws {
    for number in 1...20 {
      try server.network("front", [("172.18.1.\(number)", "web")])
      #expect(try server.ask("web").addresses == ["172.18.1.\(number)"])
    }
    unlink(server.path("front"))
    #expect(try server.ask("web").code == 2)
    try server.network("front", [("172.18.0.7", "web")])
    #expect(try server.ask("web").addresses == ["172.18.0.7"])
  }

  @Test func anUnchangedFileIsNotReadAgain() throws {
    let path = server.path("front")
    let longAgo = [timespec(tv_sec: 1_000_000_000, tv_nsec: 1), timespec(tv_sec: 1_000_000_000, tv_nsec: 1)]
    utimensat(AT_FDCWD, path, longAgo, 0)
    #expect(try server.ask("db").addresses == ["172.18.0.9"])
    // The same file with other content and the same time: nobody can tell without reading.
    let text = try String(contentsOfFile: path, encoding: .utf8).replacingOccurrences(of: "172.18.0.9", with: "172.18.0.8")
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
    utimensat(AT_FDCWD, path, longAgo, 0)
    #expect(try server.ask("db").addresses == ["172.18.0.9"])
    server.perform { $0.trim() }
    #expect(try server.ask("db").addresses == ["172.18.0.8"])
  }

  @Test func aFileReplacedTwiceWithinATickIsRead() throws {
    for number in 1...200 {
      try server.network("front", [("172.18.1.250", "web")])
      if number % 3 == 0 { try server.network("front", [("172.18.1.251", "web")]) }
      try server.network("front", [("172.18.1.\(100 + number % 100)", "web")])
      #expect(try server.ask("web").addresses == ["172.18.1.\(100 + number % 100)"])
    }
  }

  @Test func whatStandsInPlaceOfAZoneFileDoesNotMatter() throws {
    let folder = server.folder
    mkfifo(folder + "/fifo", 0o600)
    try Data("nonsense".utf8).write(to: URL(fileURLWithPath: folder + "/nonsense"))
    server.change { $0.zones = [folder + "/fifo", folder + "/nonsense", folder, "/dev/zero", ""] + $0.zones }
    #expect(try server.ask("db").addresses == ["172.18.0.9"])
  }

  @Test func aLargeServiceIsTruncatedOverUDPAndWholeOverTCP() throws {
    try server.network("front", (0..<500).map { ("10.1.\($0 / 250).\($0 % 250)", "c\($0) web") })
    let plain = try server.ask("web")
    #expect(plain.isTruncated && plain.size <= 512 && plain.addresses.count == 30)
    var question = Question("web")
    question.datagramSize = 4096
    let extended = try Reply(server.exchange(question.bytes))
    #expect(extended.isTruncated && extended.size <= 4096 && extended.addresses.count == 254 && extended.additionals == 1)
    let whole = try server.askOverTCP("web")
    #expect(!whole.isTruncated && Set(whole.addresses).count == 500)
  }

  @Test func withoutUpstreamServersAnythingElseFailsAtOnce() throws {
    let start = Date()
    for name in ["example.com", "unknown", "1.0.0.10.in-addr.arpa", ""] {
      #expect(try server.ask(name).code == 2)
      #expect(try server.askOverTCP(name).code == 2)
    }
    #expect(Date().timeIntervalSince(start) < 1)
  }
}
