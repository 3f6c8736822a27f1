// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import ShimProtocol
import Testing

struct ProtocolTests {
  static let requests: [ShimRequest] = {
    var plan = LaunchPlan(
      id: "c1", root: RootPlan(source: .overlay(lower: ["/a", "/b"], upper: "/u", work: "/w"), mountPoint: "/m", propagation: 7),
      namespaces: [NamespacePlan(.mount), NamespacePlan(.network, path: "/proc/1/ns/net")],
      process: ProcessPlan(arguments: ["sh", "-c", "täst"], environment: ["A=b"]))
    plan.cgroup = CgroupPlan(path: "/hull/c1")
    var full = LaunchRequest(plan: plan)
    full.stdin = .openOnce
    full.log = LogPlan(path: "/log", maxSize: 10 << 20, maxFiles: 3)
    full.runtime = .command(CommandRuntime(path: "/usr/sbin/runc", root: "/run/runc", bundle: "/b", arguments: ["--debug"]))
    var exec = ExecRequest(execID: "e1", process: ProcessPlan(arguments: ["true"], environment: []), openStdin: true)
    exec.specification = [0x7B, 0x7D]
    var resources = CgroupPlan.Resources()
    resources.memory = 1 << 30
    return [
      .launch(LaunchRequest(plan: plan)), .launch(full), .exec(exec), .signal(process: "e1", number: 15), .resize(process: "", rows: 24, columns: 80),
      .closeStdin(process: ""), .pause, .resume, .update(resources), .stats, .processes, .status, .subscribe, .finish,
      .attach(AttachRequest(process: "", stdin: true, stdout: true, stderr: false)),
    ]
  }()

  static let replies: [ShimReply] = {
    var status = ShimStatus()
    status.state = .exited
    status.pid = 4711
    status.startedAt = 1_700_000_000_000_000_001
    status.exit = ProcessExit(code: 137, time: 1_700_000_000_000_000_002, oomKilled: true)
    status.execs = [
      ExecStatus(id: "a", pid: 1, exit: nil), ExecStatus(id: "b", pid: 2, exit: ProcessExit(code: 0, time: 3, oomKilled: false)),
    ]
    var stats = CgroupStats()
    stats.memoryUsage = 12345
    return [
      .ok, .failed(code: .notFound, message: "no such thing"), .started(pid: 42, warnings: ["slow"]), .stats(stats), .processes([1, 2, 3]),
      .status(status),
    ]
  }()

  @Test(arguments: requests.indices) func aRequestComesBackAsItWas(index: Int) throws {
    let request = Self.requests[index]
    var decoder = FrameDecoder()
    decoder.append(try request.frame(tag: 7).encoded())
    let frame = try #require(try decoder.next())
    #expect(frame.tag == 7)
    #expect(try ShimRequest(frame: frame) == request)
    #expect(try decoder.next() == nil)
  }

  @Test(arguments: replies.indices) func anAnswerComesBackAsItWas(index: Int) throws {
    let reply = Self.replies[index]
    #expect(try ShimReply(frame: reply.frame(tag: 1)) == reply)
    #expect(try ShimEvent(frame: reply.frame(tag: 1)) == nil)
  }

  @Test func anEventComesBackAsItWas() throws {
    let events: [ShimEvent] = [
      .exited(process: "", exit: ProcessExit(code: 1, time: 2, oomKilled: true)), .execStarted(process: "e", pid: 9),
    ]
    for event in events {
      #expect(event.frame().tag == 0)
      #expect(try ShimEvent(frame: event.frame()) == event)
      #expect(try ShimReply(frame: event.frame()) == nil)
    }
  }

  @Test func framesSurviveAnyCut() throws {
    var stream: [UInt8] = []
    for (index, request) in Self.requests.enumerated() { stream += try request.frame(tag: UInt32(index)).encoded() }
    for size in [1, 2, 7, 9, 10, 1000] {
      var decoder = FrameDecoder()
      var seen: [ShimRequest] = []
      for start in stride(from: 0, to: stream.count, by: size) {
        decoder.append(Array(stream[start..<min(start + size, stream.count)]))
        while let frame = try decoder.next() { seen.append(try ShimRequest(frame: frame)) }
      }
      #expect(seen == Self.requests)
    }
  }

  @Test func whatFollowsAnAttachFrameIsKept() throws {
    var decoder = FrameDecoder()
    decoder.append(try ShimRequest.attach(AttachRequest(process: "", stdin: true, stdout: true, stderr: true)).frame(tag: 1).encoded() + [1, 2, 3])
    _ = try decoder.next()
    #expect(Array(decoder.remainder) == [1, 2, 3])
  }

  @Test(arguments: requests.indices) func aTruncatedRequestIsRefused(index: Int) throws {
    let request = Self.requests[index]
    let frame = request.frame(tag: 1)
    for length in 0..<frame.payload.count {
      #expect(throws: HullError.self) { try ShimRequest(frame: Frame(type: frame.type, tag: 1, payload: Array(frame.payload[..<length]))) }
    }
    #expect(throws: HullError.self) { try ShimRequest(frame: Frame(type: frame.type, tag: 1, payload: frame.payload + [0])) }
  }

  @Test func garbageIsAnErrorAndNeverACrash() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let payload = (0..<Int.random(in: 0..<64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      let frame = Frame(type: UInt8.random(in: 0...255, using: &random), tag: 0, payload: payload)
      _ = try? ShimRequest(frame: frame)
      _ = try? ShimReply(frame: frame)
      _ = try? ShimEvent(frame: frame)
    }
  }

  @Test func mutatedRequestsNeverCrash() throws {
    var random = SystemRandomNumberGenerator()
    for request in Self.requests {
      let frame = request.frame(tag: 1)
      guard !frame.payload.isEmpty else { continue }
      for _ in 0..<2_000 {
        var payload = frame.payload
        for _ in 0..<3 { payload[Int.random(in: 0..<payload.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
        _ = try? ShimRequest(frame: Frame(type: frame.type, tag: 1, payload: payload))
      }
    }
  }

  @Test func anUnknownRequestIsUnsupported() {
    #expect { try ShimRequest(frame: Frame(type: 99, tag: 1)) } throws: { ($0 as? HullError)?.code == .unsupported }
  }

  @Test func tooLongAFrameIsRefusedFromItsHeader() throws {
    var decoder = FrameDecoder()
    decoder.append([0xFF, 0xFF, 0xFF, 0x7F, 1, 0, 0, 0, 0])
    #expect { try decoder.next() } throws: { ($0 as? HullError)?.code == .tooLarge }
    let long = Frame(type: 1, tag: 1, payload: [UInt8](repeating: 0, count: Frame.maximumPayload + 1))
    #expect { try long.encoded() } throws: { ($0 as? HullError)?.code == .tooLarge }
  }
}
