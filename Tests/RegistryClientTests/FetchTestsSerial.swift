// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

@Suite struct FetchTestsSerial {
  let blob = sample(700_000)

  /// Fetches the blob and checks that it came whole, each byte written once.
  private func expectWhole(
    _ server: FaultyServer, having: [Range<Int>] = [], limits: ClientLimits = quickLimits(), sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let target = MemoryBlob(blob.count, having: having, of: blob)
    let progress = Counter()
    try await withRepository("\(server.host)/a", limits: limits) { repository async throws in
      let places = try await repository.fetch(descriptor(blob), into: target) { progress.add($0) }
      #expect(places == [server.host], sourceLocation: sourceLocation)
    }
    let had = having.reduce(0) { $0 + $1.count }
    #expect(target.bytes == blob, sourceLocation: sourceLocation)
    #expect(target.total == blob.count - had, "each byte is written once", sourceLocation: sourceLocation)
    #expect(progress.value == Int64(blob.count - had), sourceLocation: sourceLocation)
  }

  @Test func aBlobComesInSegmentsOverSeveralConnections() async throws {
    let server = try await FaultyServer { try await $0.serve(blob) }
    try await expectWhole(server)
    let ranges = server.requests.compactMap { $0.headers.first(name: "range") }
    #expect(ranges.count == 11)
    #expect(ranges.first == "bytes=0-65535")
    #expect(server.sent == blob.count)
  }

  @Test func aSmallBlobIsAskedForWithoutARange() async throws {
    let server = try await FaultyServer { try await $0.serve(blob) }
    try await expectWhole(server, limits: quickLimits { $0.segment = 1 << 20 })
    #expect(server.requests.map { $0.headers.contains(name: "range") } == [false])
  }

  @Test func onlyWhatIsMissingIsFetched() async throws {
    let server = try await FaultyServer { try await $0.serve(blob) }
    try await expectWhole(server, having: [0..<1, 70_000..<300_000, 699_999..<700_000])
    #expect(server.sent == blob.count - 230_002)
  }

  @Test func nothingIsAskedWhenNothingIsMissing() async throws {
    let server = try await FaultyServer { try await $0.serve(blob) }
    let target = MemoryBlob(blob.count, having: [0..<blob.count], of: blob)
    try await withRepository("\(server.host)/a") { repository async throws in
      let places = try await repository.fetch(descriptor(blob), into: target)
      #expect(places.isEmpty)
    }
    #expect(server.requests.isEmpty)
  }

  @Test(arguments: [1, 2, 4095, 16_384, 65_535])
  func cutsAnywhereLoseNoByteAndSendNoneTwice(_ length: Int) async throws {
    let server = try await FaultyServer { try await $0.serve(blob, cutAfter: $0.request.path.contains("blobs") ? max(length, 10_000) : nil) }
    try await expectWhole(server)
    #expect(server.sent == blob.count)
  }

  @Test func aCutBlobOfOneConnectionGoesOnBehindTheLastByte() async throws {
    let server = try await FaultyServer { try await $0.serve(blob, cutAfter: 100_001) }
    try await expectWhole(server, limits: quickLimits { $0.segment = 1 << 30 })
    #expect(server.sent == blob.count)
    #expect(server.requests[1].headers.first(name: "range") == "bytes=100001-699999")
  }

  @Test func aStalledConnectionIsCutAndTriedAgain() async throws {
    let count = Counter()
    let server = try await FaultyServer { exchange in
      if count.next() > 0 { return try await exchange.serve(blob) }
      try await exchange.head(200, ["Content-Length": "\(blob.count)"])
      try await exchange.send(blob.prefix(300_000))
      try await exchange.stall()
    }
    try await expectWhole(
      server,
      limits: quickLimits {
        $0.segment = 1 << 30
        $0.stallTimeout = .seconds(3)
      })
    #expect(server.sent == blob.count)
  }

  @Test func aServerWithoutRangesGetsOneConnectionAndItsRepetitionIsSkipped() async throws {
    let count = Counter()
    let server = try await FaultyServer { exchange in
      let number = count.next()
      try await exchange.head(200, ["Content-Length": "\(blob.count)"])
      try await exchange.send(blob.prefix(number == 1 ? 400_000 : .max))
      if number == 1 { throw FaultyServer.Cut() }
    }
    try await expectWhole(server)
    #expect(server.requests.count == 3, "one that shows it, one that is cut, one that is whole")
  }

  @Test func errorsThatPassAreWaitedFor() async throws {
    let count = Counter()
    let server = try await FaultyServer { exchange in
      switch count.next() {
      case 0: try await exchange.answer(503, ["Retry-After": "0"], "busy")
      case 1: try await exchange.refuse(429, "TOOMANYREQUESTS", "slow down", ["Retry-After": "0"])
      case 2: throw FaultyServer.Cut()
      default: try await exchange.serve(blob)
      }
    }
    try await expectWhole(server)
  }

  @Test func oneThatNeverSendsAByteIsGivenUp() async throws {
    let server = try await FaultyServer { _ in throw FaultyServer.Cut() }
    let target = MemoryBlob(blob.count)
    try await withRepository("\(server.host)/a", limits: quickLimits { $0.segment = 1 << 30 }) { repository async throws in
      await refusal("\(server.host)/a", "\(descriptor(blob).digest)", "EOF") { try await repository.fetch(descriptor(blob), into: target) }
    }
    #expect(server.requests.count == 8, "each attempt is repeated once at once, as if a kept connection had been closed meanwhile")
  }

  @Test func whatCannotBeWrittenHereEndsTheFetchAtOnce() async throws {
    let server = try await FaultyServer { try await $0.serve(blob) }
    let target = MemoryBlob(blob.count)
    target.fail(HullError(.tooLarge, "no space left on device"))
    try await withRepository("\(server.host)/a") { repository async throws in
      let error = await refusal("no space left on device") { try await repository.fetch(descriptor(blob), into: target) }
      #expect(error?.code == .tooLarge)
    }
  }

  @Test func aCancelledFetchEndsItsConnectionsAndKeepsWhatCame() async throws {
    let server = try await FaultyServer { exchange in
      try await exchange.head(200, ["Content-Length": "\(blob.count)"])
      try await exchange.send(blob.prefix(100_000))
      try await exchange.stall()
    }
    let target = MemoryBlob(blob.count)
    try await withRepository("\(server.host)/a", limits: quickLimits { $0.segment = 1 << 30 }) { repository async throws in
      let fetch = Task { try await repository.fetch(descriptor(blob), into: target) }
      try await eventually { server.sent == 100_000 }
      let start = ContinuousClock.now
      fetch.cancel()
      await #expect(throws: CancellationError.self) { try await fetch.value }
      #expect(ContinuousClock.now - start < .seconds(2))
    }
    #expect(target.total <= 100_000)
    #expect(Array(target.bytes.prefix(target.total)) == Array(blob.prefix(target.total)))
  }
}
