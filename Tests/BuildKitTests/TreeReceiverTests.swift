// SPDX-License-Identifier: Apache-2.0
import Builder
import BuildKitProtocol
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

  init() throws {
    let asked = Asked()
    self.asked = asked
    receiver = TreeReceiver(into: try PackOutput(directory: "/var/tmp")) { asked.ids.append($0) }
  }

  func announce(_ path: String, mode: UInt32 = 0o644, size: Int64 = 0, link: String = "") async throws {
    var packet = SyncPacket()
    (packet.stat.path, packet.stat.mode, packet.stat.size, packet.stat.linkname) = (path, mode, size, link)
    try await receiver.receive(packet)
  }

  func announceEnd() async throws { try await receiver.receive(SyncPacket()) }

  func send(_ bytes: [UInt8], for id: UInt32) async throws {
    var packet = SyncPacket()
    (packet.type, packet.id, packet.data) = (.data, id, .init(bytes))
    try await receiver.receive(packet)
  }

  func tree() async throws -> TreePack { try await receiver.finish() }
}

extension FileTree {
  fileprivate func content(_ path: String) throws -> [UInt8] {
    var content: [UInt8] = []
    try read(path) { bytes throws(HullError) in content += bytes }
    return content
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
    try await exchange.announce("dir/same", size: 5, link: "dir/file")
    try await exchange.announce("link", mode: Self.symbolicLink, link: "dir/file")
    try await exchange.announceEnd()
    #expect(exchange.requests == [2])
    try await exchange.send(Array("he".utf8), for: 2)
    try await exchange.send(Array("llo".utf8), for: 2)
    #expect(!exchange.isComplete)
    try await exchange.send([], for: 2)
    #expect(exchange.isComplete)
    let tree = try await exchange.tree()
    #expect(tree.names(in: "dir") == ["empty", "file", "same"])
    #expect(try tree.content("dir/file") == Array("hello".utf8))
    #expect(try tree.content("dir/same") == Array("hello".utf8))
    #expect(tree.node("dir/file")?.mode == 0o4755)
    #expect(tree.node("link")?.link == "dir/file")
  }

  @Test func filesMayArriveInterleaved() async throws {
    let exchange = try Exchange()
    try await exchange.announce("a", size: 4)
    try await exchange.announce("b", size: 2)
    try await exchange.announceEnd()
    #expect(exchange.requests == [0, 1])
    for (bytes, id) in [("11", 0), ("22", 1), ("33", 0)] { try await exchange.send(Array(bytes.utf8), for: UInt32(id)) }
    for id in [1, 0] { try await exchange.send([], for: UInt32(id)) }
    let tree = try await exchange.tree()
    #expect(try tree.content("a") == Array("1133".utf8))
    #expect(try tree.content("b") == Array("22".utf8))
  }

  @Test func aLargeFileIsAskedForAlone() async throws {
    let exchange = try Exchange()
    let size = Int(TreeReceiver.smallFile) + 1
    try await exchange.announce("a", size: 1)
    try await exchange.announce("b", size: Int64(size))
    try await exchange.announce("c", size: 1)
    #expect(exchange.requests == [0])
    try await exchange.send([1], for: 0)
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
    #expect(exchange.requests.count == TreeReceiver.smallFilesLimit / Int(TreeReceiver.smallFile))
  }

  @Test func whatWasNotAskedForIsRefused() async throws {
    let exchange = try Exchange()
    try await exchange.announce("dir", mode: Self.directory)
    await #expect(throws: HullError.self) { try await exchange.send([1], for: 0) }
    await #expect(throws: HullError.self) { try await exchange.send([1], for: 99) }
  }

  @Test func moreThanWasAnnouncedIsRefused() async throws {
    let exchange = try Exchange()
    try await exchange.announce("a", size: 2)
    await #expect(throws: HullError.self) { try await exchange.send([1, 2, 3], for: 0) }
    let large = try Exchange()
    try await large.announce("a", size: TreeReceiver.smallFile + 1)
    await #expect(throws: HullError.self) { try await large.send(Array(repeating: 0, count: Int(TreeReceiver.smallFile) + 2), for: 0) }
  }

  @Test func impossibleFilesAreRefused() async throws {
    let exchange = try Exchange()
    await #expect(throws: HullError.self) { try await exchange.announce("a", size: -1) }
    await #expect(throws: HullError.self) { try await exchange.announce("b", mode: 1 << 19) }
    try await exchange.announceEnd()
    await #expect(throws: HullError.self) { try await exchange.announce("z") }
  }

  @Test func aHardLinkLeadsOnlyToWhatWasSent() async throws {
    let exchange = try Exchange()
    try await exchange.announce("a", size: 1, link: "../../etc/passwd")
    try await exchange.announceEnd()
    await #expect(throws: HullError.self) { _ = try await exchange.tree() }
  }

  @Test func socketsAreLeftOut() async throws {
    let exchange = try Exchange()
    try await exchange.announce("agent", mode: 1 << 24 | 0o777)
    try await exchange.announceEnd()
    #expect(try await exchange.tree().names(in: "") == [])
  }
}
