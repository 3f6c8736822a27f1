// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Testing

/// Registries that lie: a clear error that names the blob and the place, and not a byte too much.
@Suite struct HostileBlobTests {
  let blob = sample(300_000)

  private func expectRefused(
    _ words: String..., limits: ClientLimits = quickLimits(), sourceLocation: SourceLocation = #_sourceLocation,
    _ handler: @escaping FaultyServer.Handler
  ) async throws {
    let server = try await FaultyServer(handler)
    let target = MemoryBlob(blob.count)
    try await withRepository("\(server.host)/a", limits: limits) { repository in
      let error = await refusal("\(server.host)/a", "\(descriptor(blob).digest)", sourceLocation: sourceLocation) {
        try await repository.fetch(descriptor(blob), into: target)
      }
      for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation) }
    }
    #expect(target.total <= blob.count, sourceLocation: sourceLocation)
  }

  @Test func anotherRangeThanTheOneAskedFor() async throws {
    try await expectRefused("was asked for bytes 0-65535 of 300000, but sent Content-Range \"bytes 1-65536/300000\"") { exchange in
      try await exchange.head(206, ["Content-Length": "65536", "Content-Range": "bytes 1-65536/300000"])
      try await exchange.send(blob[1...65536])
    }
  }

  @Test(arguments: [
    "bytes 0-65535/9", "bytes 0-65535/300001", "bytes 5-1/300000", "bytes 0-99999999999999999999/300000", "octets 0-65535/300000", "",
  ])
  func rangesThatCannotBe(_ text: String) async throws {
    try await expectRefused("\"\(text)\"") { exchange in
      try await exchange.answer(206, ["Content-Range": text], Array(blob.prefix(65536)))
    }
  }

  @Test func moreThanTheRange() async throws {
    try await expectRefused("sends more than the ") { exchange in
      let range = exchange.request.range(blob.count)
      try await exchange.head(
        206, ["Transfer-Encoding": "chunked", "Content-Range": "bytes \(range.lowerBound)-\(range.upperBound - 1)/300000"])
      for _ in 0..<20 {
        try await exchange.send(Array("2710\r\n".utf8) + sample(10_000) + Array("\r\n".utf8))
      }
    }
  }

  @Test func endlessData() async throws {
    try await expectRefused("sends more than the 300000 bytes", limits: quickLimits { $0.segment = 1 << 30 }) { exchange in
      try await exchange.head(200)
      while true { try await exchange.send(blob) }
    }
  }

  @Test func anotherSize() async throws {
    try await expectRefused("says that it sends 300001 bytes where the blob has 300000", limits: quickLimits { $0.segment = 1 << 30 }) { exchange in
      try await exchange.answer(200, [:], blob + [0])
    }
  }

  @Test func lessThanItSays() async throws {
    try await expectRefused("ended after 0 of 1 bytes", limits: quickLimits { $0.segment = 1 << 30 }) { exchange in
      let range = exchange.request.range(blob.count)
      try await exchange.head(
        range.lowerBound == 0 ? 200 : 206,
        ["Transfer-Encoding": "chunked", "Content-Range": "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(blob.count)"])
      let part = blob[range].dropLast(1)
      if !part.isEmpty { try await exchange.send(Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8)) }
      try await exchange.send(Array("0\r\n\r\n".utf8))
    }
  }

  @Test func aRangeThatItSaysIsNotThere() async throws {
    try await expectRefused("says that bytes 0-65535 are not in the blob, which has 300000") { try await $0.answer(416, [:], "") }
  }

  @Test func aBlobThatIsNotThere() async throws {
    try await expectRefused("blob unknown: not here") { try await $0.refuse(404, "BLOB_UNKNOWN", "not here") }
  }

  @Test func headersWithoutEnd() async throws {
    try await expectRefused("malformed HTTP response") { exchange in
      try await exchange.head(200, ["X-Long": String(repeating: "x", count: 200_000)])
    }
  }

  @Test func whatIsNoHTTP() async throws {
    try await expectRefused("malformed HTTP response") { try await $0.send(Array("SSH-2.0-OpenSSH_9.2\r\n\r\n".utf8)) }
  }

  @Test func aRegistryThatAnswersSlowlyIsGivenUp() async throws {
    try await expectRefused("no answer came in time", limits: quickLimits { $0.stallTimeout = .milliseconds(100) }) { try await $0.stall() }
  }

  @Test func errorsWithoutEndAreReadOnlyAsFarAsNeeded() async throws {
    try await expectRefused("received unexpected HTTP status: 400 Bad Request") { exchange in
      try await exchange.head(400)
      while true { try await exchange.send(blob) }
    }
  }
}
