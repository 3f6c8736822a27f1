// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem
import NamespaceSupport
import Testing

@testable import Netlink

/// The socket itself: what it makes of answers that are refusals, somebody else's, or none.
@Suite struct SocketTests {
  private let namespace: TestNamespace

  init() throws { namespace = try TestNamespace() }

  private static let redirect = PortRedirect(address: address("127.0.0.11"), port: 53, udp: 1053, tcp: 1053, table: "test")

  @Test(.timeLimit(.minutes(1))) func aBatchThatIsRefusedAsAWholeIsAnErrorAtOnce() throws {
    let number = try namespace.run {
      let socket = try NetlinkSocket(NetlinkFamily.netfilter)
      try Unprivileged.become()
      return errorNumber { try Self.redirect.install(socket) }
    }
    #expect(number == EPERM)
  }

  @Test(.timeLimit(.minutes(1))) func aBatchForSomebodyWhoIsNotThereIsAnErrorAtOnce() throws {
    let number = try namespace.run {
      let socket = try NetlinkSocket(NetlinkFamily.netfilter)
      func message(_ type: UInt16, _ flags: NetlinkRequest.Flags, subsystem: UInt16) -> NetlinkRequest {
        var request = NetlinkRequest(type, flags, "batch")
        request.append(UInt16(2))
        request.append(subsystem.bigEndian)
        return request
      }
      return errorNumber {
        try socket.perform([
          message(0x10, [], subsystem: 200), message(200 << 8, .acknowledge, subsystem: 0), message(200 << 8, .acknowledge, subsystem: 0),
          message(0x11, [], subsystem: 200),
        ])
      }
    }
    #expect(number == EINVAL)
  }

  @Test func ofARefusedBatchNothingIsDoneAndTheSocketGoesOn() throws {
    try namespace.run {
      let socket = try NetlinkSocket(NetlinkFamily.netfilter)
      let tooLong = PortRedirect(address: address("127.0.0.11"), port: 53, udp: 1053, tcp: 1053, table: String(repeating: "t", count: 300))
      #expect(errorNumber { try tooLong.install(socket) } != 0)
      try Self.redirect.install(socket)
      #expect(errorNumber { try tooLong.install(socket) } != 0)
      try Self.redirect.install(socket)
    }
  }

  @Test(.timeLimit(.minutes(1))) func anAnswerThatNeverComesIsAnErrorInTheEnd() throws {
    try namespace.run {
      let socket = try NetlinkSocket(NetlinkFamily.route)
      // RTM_GETLINK as NLMSG_NOOP: the kernel has nothing to say about it.
      let silent = NetlinkRequest(1, [], "say nothing")
      let start = time(nil)
      #expect(errorNumber { _ = try socket.query(silent) } == ETIMEDOUT)
      #expect(time(nil) - start < 20)
    }
  }

  @Test func whatSomebodyElseInTheNamespaceSendsIsNoAnswer() throws {
    try namespace.run {
      let socket = try NetlinkSocket(NetlinkFamily.route)
      var request = NetlinkRequest(LinkMessage.get, .dump, "list the interfaces")
      for _ in 0..<2 { request.append(UInt64(0)) }
      _ = try socket.query(request)
      #expect(socket.port != 0)
      try send(forgedAnswers(), to: socket.port)
      let names = try socket.query(request).compactMap(Link.init).map(\.name)
      #expect(names.contains("lo") && !names.contains("forged"))
    }
  }

  /// Links and acknowledgements with the numbers that the socket uses next.
  private func forgedAnswers() -> [[UInt8]] {
    (2...5).flatMap { sequence -> [[UInt8]] in
      var link = NetlinkRequest(LinkMessage.new, [], "")
      for _ in 0..<2 { link.append(UInt64(0)) }
      link.attribute(LinkAttribute.name, "forged")
      var acknowledgement = NetlinkRequest(2, [], "")
      acknowledgement.append(Int32(0))
      for _ in 0..<2 { acknowledgement.append(UInt64(0)) }
      return [link.finished(UInt32(sequence)), acknowledgement.finished(UInt32(sequence))]
    }
  }

  private func send(_ messages: [[UInt8]], to port: UInt32) throws {
    let socket = OwnedDescriptor(try checked("socket") { Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 0) })
    var target = NetlinkAddress()
    target.port = port
    for message in messages {
      try checked("sendto") {
        withUnsafePointer(to: &target) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(socket.number, message, message.count, 0, $0, 12) }
        }
      }
    }
  }

  /// The first address goes to the end again and again: a reader that took what it gets would see one twice, or miss the next.
  @Test func aListThatChangesWhileItIsReadIsReadAgain() throws {
    let all = (0..<1500).map { IPPrefix(IPAddress(.v4, 0x0A00_0001 + UInt128($0)), 32) }
    try namespace.route { socket in
      try socket.perform([.addBridge("br0")])
      let index = try socket.index("br0")
      try socket.perform(all.map { .addAddress($0, to: index, name: "br0") })
    }
    let namespace = namespace
    let isOver = Flag()
    let changer = Worker {
      try? namespace.route { socket in
        let index = try socket.index("br0")
        var number = 0
        while !isOver.isSet {
          number += 1
          let first = all[number % all.count]
          try socket.perform([.deleteAddress(first, from: index, name: "br0"), .addAddress(first, to: index, name: "br0")])
          usleep(500)
        }
      }
    }
    var complete = 0
    for _ in 0..<100 {
      guard let list = try? namespace.route({ try $0.addresses().map(\.prefix).filter { $0.family == .v4 } }) else { continue }
      complete += 1
      // With 127.0.0.1, and maybe without the one that is on its way.
      #expect(Set(list).count == list.count && (1500...1501).contains(list.count))
    }
    isOver.set()
    changer.join()
    #expect(complete > 0)
  }

  @Test func aSocketInAnotherNamespaceLeavesTheThreadWhereItIs() throws {
    let other = try TestNamespace()
    try other.route { try $0.perform([.addBridge("there")]) }
    try namespace.run {
      let before = try Files.status("/proc/thread-self/ns/net").st_ino
      let socket = try RouteSocket(inNamespace: other.descriptor)
      #expect(try socket.link("there") != nil)
      #expect(try Files.status("/proc/thread-self/ns/net").st_ino == before)
      let link = try NetworkNamespace.visit(other.descriptor) { () throws(SystemError) in try RouteSocket().link("there") }
      #expect(link != nil)
      #expect(try Files.status("/proc/thread-self/ns/net").st_ino == before)
    }
  }

  @Test func manyThreadsOpenSocketsInManyNamespacesAtOnce() throws {
    let namespaces = try (0..<4).map { number in
      let namespace = try TestNamespace()
      try namespace.route { try $0.perform([.addBridge("number\(number)")]) }
      return namespace
    }
    let wrong = Counter()
    let workers = (0..<8).map { worker in
      Worker {
        for round in 0..<50 {
          let number = (worker + round) % 4
          let link = try? RouteSocket(inNamespace: namespaces[number].descriptor).link("number\(number)")
          if link == nil { wrong.add() }
        }
      }
    }
    for worker in workers { worker.join() }
    #expect(wrong.value == 0)
  }
}

/// What comes from the kernel, or from whoever says so.
@Suite struct MessageTests {
  @Test func messagesThatAreCutOffOrLieAboutTheirLengthAreLeftOut() {
    var request = NetlinkRequest(LinkMessage.new, [], "")
    for _ in 0..<2 { request.append(UInt64(0)) }
    request.attribute(LinkAttribute.name, "eth0")
    let whole = request.finished(7)
    #expect(NetlinkMessage.all(in: ArraySlice(whole + whole)).compactMap(Link.init).map(\.name) == ["eth0", "eth0"])
    for count in 0..<whole.count { #expect(NetlinkMessage.all(in: whole[..<count]).isEmpty) }
    for length in [UInt32(0), 15, UInt32(whole.count) + 1, .max] {
      var bytes = whole
      bytes.withUnsafeMutableBytes { $0.storeBytes(of: length, as: UInt32.self) }
      #expect(NetlinkMessage.all(in: bytes[...]).isEmpty)
    }
  }

  @Test func noBytesCanDoHarm() {
    var random = SeededGenerator(5)
    for _ in 0..<20_000 {
      var bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      if bytes.count >= 20 {
        bytes.withUnsafeMutableBytes {
          $0.storeBytes(of: UInt32($0.count), as: UInt32.self)
          $0.storeBytes(of: [LinkMessage.new, AddressMessage.new, RouteMessage.new].randomElement(using: &random)!, toByteOffset: 4, as: UInt16.self)
          for place in stride(from: 32, to: $0.count - 4, by: 24) {
            $0.storeBytes(of: UInt16.random(in: 0...40, using: &random), toByteOffset: place, as: UInt16.self)
          }
        }
      }
      for message in NetlinkMessage.all(in: bytes[...]) {
        _ = Link(message)
        _ = InterfaceAddress(message)
        _ = Route(message)
      }
    }
  }
}

/// The process's descriptors are counted: this suite runs alone.
@Suite(.serialized) struct NetlinkDescriptorsSerial {
  @Test func failuresLeaveNoDescriptorOpen() throws {
    let namespace = try TestNamespace()
    _ = try RouteSocket(inNamespace: namespace.descriptor).links()
    let before = OpenDescriptors.count
    for _ in 0..<20 {
      #expect(errorNumber { _ = try RouteSocket(inNamespace: -1) } == EBADF)
      #expect(errorNumber { _ = try RouteSocket(inNamespace: 0) } != 0)
      #expect(errorNumber { _ = try NetlinkSocket(99) } == EPROTONOSUPPORT)
      #expect(errorNumber { _ = try NetlinkSocket(99, inNamespace: namespace.descriptor) } == EPROTONOSUPPORT)
      #expect(errorNumber { try NetworkNamespace.visit(namespace.descriptor) { () throws(SystemError) in throw SystemError(EIO, "") } } == EIO)
      #expect(errorNumber { try NetworkNamespace.visit(-1) { () throws(SystemError) in } } == EBADF)
      _ = try RouteSocket(inNamespace: namespace.descriptor).links()
    }
    #expect(OpenDescriptors.count == before)
  }
}
