// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient
import Synchronization
import Testing

/// Pushing to registries that cut, refuse and resume.
@Suite struct PushTestsSerial {
  let blob = sample(3_000_000)

  private func push(_ server: FaultyServer, limits: ClientLimits = quickLimits()) async throws -> (outcome: PushOutcome, progress: Int64) {
    let progress = Counter()
    let outcome = try await withRepository("\(server.host)/a", access: .push, limits: limits) { repository async throws in
      try await repository.push(descriptor(blob), from: BytesReader(bytes: blob)) { progress.add($0) }
    }
    return (outcome, progress.value)
  }

  @Test func whatIsThereIsNotSent() async throws {
    let server = try await FaultyServer { try await $0.answer(200, [:], "") }
    #expect(try await push(server).outcome == .exists)
    #expect(server.requests.map(\.method) == ["HEAD"])
  }

  @Test func aCutUploadGoesOnWhereTheRegistryStands() async throws {
    let received = Mutex<[UInt8]>([])
    let server = try await FaultyServer(cutReceiving: { $0.method == .PUT ? 1_000_000 : nil }) { exchange in
      switch exchange.request.method {
      case "HEAD": try await exchange.answer(404, [:], "")
      case "POST": try await exchange.answer(202, ["Location": "/upload/1"], "")
      case "GET": try await exchange.answer(204, ["Location": "/upload/2", "Range": "0-999999"], "")
      case "PATCH":
        received.withLock { $0 = Array(blob.prefix(1_000_000)) + exchange.request.body }
        try await exchange.answer(202, ["Location": "/upload/3"], "")
      default: try await exchange.answer(201, [:], "")
      }
    }
    let (outcome, progress) = try await push(server)
    #expect(outcome == .pushed && progress == Int64(blob.count))
    #expect(received.withLock { $0 } == blob)
    #expect(server.requests.map(\.method) == ["HEAD", "POST", "HEAD", "GET", "PATCH", "PUT"])
    #expect(server.requests[4].uri == "/upload/2" && server.requests[4].headers.first(name: "content-range") == "1000000-2999999")
    #expect(server.requests[5].uri.hasPrefix("/upload/3?digest=sha256"))
  }

  @Test func anUploadThatTheRegistryForgotBeginsAnew() async throws {
    let count = Counter()
    let server = try await FaultyServer(cutReceiving: { $0.method == .PUT && count.next() < 5 ? 500_000 : nil }) { exchange in
      switch exchange.request.method {
      case "HEAD", "GET": try await exchange.answer(404, [:], "")
      case "POST": try await exchange.answer(202, ["Location": "/upload/x"], "")
      default: try await exchange.answer(201, [:], "")
      }
    }
    let (outcome, progress) = try await push(server)
    #expect(outcome == .pushed && progress == Int64(blob.count))
    #expect(server.requests.last?.body == blob)
  }

  @Test func aCutAfterTheLastByteMayHaveBeenASuccess() async throws {
    let count = Counter()
    let server = try await FaultyServer { exchange in
      switch exchange.request.method {
      case "HEAD": try await exchange.answer(count.next() == 0 ? 404 : 200, [:], "")
      case "POST": try await exchange.answer(202, ["Location": "/upload/x"], "")
      default: throw FaultyServer.Cut()
      }
    }
    #expect(try await push(server).outcome == .exists)
  }

  @Test func aRegistryThatStopsReadingIsGivenUp() async throws {
    let server = try await FaultyServer { exchange in
      switch exchange.request.method {
      case "HEAD", "GET": try await exchange.answer(404, [:], "")
      case "POST": try await exchange.answer(202, ["Location": "/upload/x"], "")
      default: try await exchange.stall()
      }
    }
    let limits = quickLimits {
      $0.stallTimeout = .seconds(3)
      $0.answerTimeout = .seconds(3)
      $0.attempts = 1
    }
    await refusal("cannot push blob \(descriptor(blob).digest) to \(server.host)/a", "nothing moved") { _ = try await push(server, limits: limits) }
  }

  @Test func refusalsAreSaidInTheRegistrysWords() async throws {
    let server = try await FaultyServer { exchange in
      if exchange.request.method == "HEAD" { return try await exchange.answer(404, [:], "") }
      try await exchange.refuse(403, "DENIED", "requested access to the resource is denied")
    }
    await refusal("\(server.host)/a: denied: requested access to the resource is denied") { _ = try await push(server) }
  }

  @Test func anUploadWithoutALocationIsRefused() async throws {
    let server = try await FaultyServer { try await $0.answer($0.request.method == "HEAD" ? 404 : 202, [:], "") }
    await refusal("without saying where to") { _ = try await push(server) }
  }

  @Test func aBlobThatEndsEarlyHereIsAnErrorOfOurs() async throws {
    let server = try await FaultyServer { try await $0.answer($0.request.method == "HEAD" ? 404 : 202, ["Location": "/x"], "") }
    await refusal("ends after 1000000 of its 3000000 bytes") {
      try await withRepository("\(server.host)/a", access: .push) { repository async throws in
        _ = try await repository.push(descriptor(blob), from: BytesReader(bytes: Array(blob.prefix(1_000_000))))
      }
    }
  }

  @Test func aMountThatIsRefusedBecomesAnUpload() async throws {
    let server = try await FaultyServer { exchange in
      switch exchange.request.method {
      case "HEAD": try await exchange.answer(404, [:], "")
      case "POST": try await exchange.answer(202, ["Location": "/upload/\(exchange.request.query("from") ?? "none")"], "")
      case "DELETE": try await exchange.answer(204, [:], "")
      default: try await exchange.answer(201, [:], "")
      }
    }
    try await withRepository("\(server.host)/a", access: .push) { repository async throws in
      let others = try ["\(server.host)/b", "\(server.host)/c", "quay.io/d", "\(server.host)/a"].map { try Reference($0) }
      #expect(try await repository.push(descriptor(blob), from: BytesReader(bytes: blob), mountable: others) == .pushed)
      #expect(try await !repository.mount(descriptor(blob).digest, from: others[0]))
    }
    #expect(server.requests.map(\.method) == ["HEAD", "POST", "DELETE", "POST", "PUT", "POST", "DELETE"])
    #expect(server.requests[4].uri.hasPrefix("/upload/c?"))
  }

  @Test func aManifestWithASubjectIsAnnouncedWhereTheRegistryDoesNotDoIt() async throws {
    let subject = try SampleImage()
    let referrer = try SampleImage(layer: sample(7), subject: subject.descriptor, artifactType: "application/signature")
    let stored = Mutex<[UInt8]>([])
    let server = try await FaultyServer { exchange in
      if exchange.request.method == "GET" { return try await exchange.answer(404, [:], "") }
      if exchange.request.path.hasSuffix("sha256-\(subject.descriptor.digest.hex)") { stored.withLock { $0 = exchange.request.body } }
      try await exchange.answer(201, [:], "")
    }
    try await withRepository("\(server.host)/a", access: .push) { repository async throws in
      let digest = try await repository.putManifest(
        .digest(referrer.descriptor.digest), bytes: referrer.manifest, mediaType: MediaType.ociManifest)
      #expect(digest == referrer.descriptor.digest)
    }
    #expect(String(decoding: stored.withLock { $0 }, as: UTF8.self).contains("\(referrer.descriptor.digest)"))
  }
}
