// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import Testing

@testable import BuildKitAPI

/// A receiver, and what it has asked for.
private final class Exchange {
  private var receiver: TreeReceiver
  private let asked: Asked
  var requests: [UInt32] { asked.ids }
  var isComplete: Bool { receiver.isComplete }

  private final class Asked { var ids: [UInt32] = [] }

  init(_ store: ContextStore = ContextStore()) throws {
    let asked = Asked()
    self.asked = asked
    let output = ContextOutput(ContextReception(ContextKey(directory: "key"), store: store, keptIn: "/var/tmp"))
    receiver = TreeReceiver(into: output) { asked.ids.append($0) }
  }

  func announce(_ path: String, mode: UInt32 = 0o644, size: Int64 = 0, link: String = "") async throws {
    var packet = SyncPacket()
    (packet.stat.path, packet.stat.mode, packet.stat.size, packet.stat.linkname) = (path, mode, size, link)
    try await receiver.receive(packet)
  }

  func announceEnd() async throws { try await receiver.receive(SyncPacket()) }

  func send(_ text: String, for id: UInt32) async throws { try await send(Array(text.utf8), for: id) }

  func send(_ bytes: [UInt8], for id: UInt32) async throws {
    var packet = SyncPacket()
    (packet.type, packet.id, packet.data) = (.data, id, .init(bytes))
    try await receiver.receive(packet)
  }

  func tree() async throws -> any FileTree { try await receiver.finish() }
}

extension FileTree {
  fileprivate func content(_ path: String) throws -> String {
    var content: [UInt8] = []
    try read(path) { bytes throws(HullError) in content += bytes }
    return String(decoding: content, as: UTF8.self)
  }
}

@Suite struct TreeReceiverTests {
  private static let directory: UInt32 = 1 << 31 | 0o755
  private static let symbolicLink: UInt32 = 1 << 27 | 0o777

  @Test func aTreeArrivesWhole() async throws {
    let exchange = try Exchange()
    try await exchange.announce("dir", mode: Self.directory)
    try await exchange.announce("dir/empty")
    try await exchange.announce("dir/file", mode: 1 << 23 | 0o755, size: 5)
    try await exchange.announce("link", mode: Self.symbolicLink, link: "dir/file")
    #expect(exchange.requests.isEmpty)
    try await exchange.announceEnd()
    #expect(exchange.requests == [2])
    try await exchange.send("he", for: 2)
    try await exchange.send("llo", for: 2)
    #expect(!exchange.isComplete)
    try await exchange.send([], for: 2)
    #expect(exchange.isComplete)
    let tree = try await exchange.tree()
    #expect(try tree.names(in: "dir") == ["empty", "file"])
    #expect(try tree.content("dir/file") == "hello")
    #expect(try tree.node("dir/file")?.mode == 0o4755)
    #expect(try tree.node("link")?.link == "dir/file")
  }

  @Test func filesMayArriveInterleaved() async throws {
    let exchange = try Exchange()
    try await exchange.announce("a", size: 4)
    try await exchange.announce("b", size: 2)
    try await exchange.announceEnd()
    #expect(exchange.requests == [0, 1])
    for (text, id) in [("11", 0), ("22", 1), ("33", 0), ("", 1), ("", 0)] { try await exchange.send(text, for: UInt32(id)) }
    let tree = try await exchange.tree()
    #expect(try tree.content("a") == "1133")
    #expect(try tree.content("b") == "22")
  }

  @Test func aLargeFileIsAskedForAlone() async throws {
    let exchange = try Exchange()
    let size = Int(TreeReceiver.smallFile) + 1
    for (path, size) in [("a", 1), ("b", size), ("c", 1)] { try await exchange.announce(path, size: Int64(size)) }
    try await exchange.announceEnd()
    #expect(exchange.requests == [0])
    try await exchange.send("1", for: 0)
    try await exchange.send([], for: 0)
    #expect(exchange.requests == [0, 1])
    try await exchange.send(Array(repeating: 7, count: size), for: 1)
    #expect(exchange.requests == [0, 1])
    try await exchange.send([], for: 1)
    #expect(exchange.requests == [0, 1, 2])
  }

  @Test func whatWaitsInMemoryIsBounded() async throws {
    let exchange = try Exchange()
    for number in 1000..<2000 { try await exchange.announce("\(number)", size: TreeReceiver.smallFile) }
    try await exchange.announceEnd()
    #expect(exchange.requests.count == Int(TreeReceiver.smallFilesLimit / TreeReceiver.smallFile))
  }

  @Test func whatHasNotChangedIsNotAskedForAgain() async throws {
    let store = ContextStore()
    let first = try Exchange(store)
    try await first.announce("a", size: 1)
    try await first.announce("b", size: 1)
    try await first.announceEnd()
    for (text, id) in [("x", 0), ("", 0), ("y", 1), ("", 1)] { try await first.send(text, for: UInt32(id)) }
    _ = try await first.tree()
    let second = try Exchange(store)
    try await second.announce("a", size: 2)
    try await second.announce("b", size: 1)
    try await second.announceEnd()
    #expect(second.requests == [0])
    for text in ["xx", ""] { try await second.send(text, for: 0) }
    let tree = try await second.tree()
    #expect(try tree.content("a") == "xx")
    #expect(try tree.content("b") == "y")
  }

  @Test func whatWasNotAskedForIsRefused() async throws {
    let exchange = try Exchange()
    try await exchange.announce("dir", mode: Self.directory)
    await #expect(throws: HullError.self) { try await exchange.send("x", for: 0) }
    await #expect(throws: HullError.self) { try await exchange.send("x", for: 99) }
  }

  @Test func moreThanWasAnnouncedIsRefused() async throws {
    let exchange = try Exchange()
    try await exchange.announce("a", size: 2)
    try await exchange.announceEnd()
    await #expect(throws: HullError.self) { try await exchange.send("123", for: 0) }
    let large = try Exchange()
    try await large.announce("a", size: TreeReceiver.smallFile + 1)
    try await large.announceEnd()
    await #expect(throws: HullError.self) { try await large.send(Array(repeating: 0, count: Int(TreeReceiver.smallFile) + 2), for: 0) }
  }

  @Test func impossibleFilesAreRefused() async throws {
    let exchange = try Exchange()
    await #expect(throws: HullError.self) { try await exchange.announce("a", size: -1) }
    await #expect(throws: HullError.self) { try await exchange.announce("b", link: String(repeating: "x", count: 1 << 17)) }
    await #expect(throws: HullError.self) { try await exchange.announce("../c") }
    try await exchange.announceEnd()
    await #expect(throws: HullError.self) { try await exchange.announce("z") }
  }

  @Test func aSecondNameOfAFileIsAskedForAsAFile() async throws {
    let exchange = try Exchange()
    try await exchange.announce("a", size: 2)
    try await exchange.announce("b", link: "../../etc/passwd")
    try await exchange.announceEnd()
    for (text, id) in [("hi", 0), ("", 0), ("hi", 1), ("", 1)] { try await exchange.send(text, for: UInt32(id)) }
    let tree = try await exchange.tree()
    #expect(try tree.content("b") == "hi")
  }

  @Test func devicesAndSocketsAreLeftOut() async throws {
    let exchange = try Exchange()
    try await exchange.announce("agent", mode: 1 << 24 | 0o777)
    try await exchange.announce("disk", mode: 1 << 26 | 0o777)
    try await exchange.announceEnd()
    #expect(exchange.isComplete)
    #expect(try await exchange.tree().names(in: "") == [])
  }
}
