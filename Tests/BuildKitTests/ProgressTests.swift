// SPDX-License-Identifier: Apache-2.0
import Builder
import BuildKitProtocol
import Dockerfile
import OCISpec
import Testing

@testable import BuildKitAPI

@Suite struct ProgressTests {
  private let first = Digest(sha256: Array(repeating: 1, count: 32))
  private let second = Digest(sha256: Array(repeating: 2, count: 32))

  @Test func aVertexIsToldWithAllThatIsKnownOfIt() throws {
    var translation = ProgressTranslation()
    translation.add(.planned([BuildVertex(id: first, name: "FROM busybox"), BuildVertex(id: second, name: "RUN make", inputs: [first])]))
    translation.add(.started(second, time: 1_500_000_000))
    let begin = try #require(translation.take())
    #expect(begin.vertexes.map(\.name) == ["FROM busybox", "RUN make"])
    #expect(begin.vertexes[1].inputs == [first.description])
    #expect(begin.vertexes[1].started.seconds == 1 && begin.vertexes[1].started.nanos == 500_000_000)
    #expect(!begin.vertexes[0].hasStarted)
    translation.add(.finished(second, time: 2_000_000_000, cached: false, error: "exit code: 1"))
    let end = try #require(translation.take())
    #expect(end.vertexes.map(\.name) == ["RUN make"])
    #expect(end.vertexes[0].error == "exit code: 1")
    #expect(end.vertexes[0].hasStarted && end.vertexes[0].hasCompleted)
    #expect(translation.take() == nil)
  }

  @Test func aCachedVertexHasATime() throws {
    var translation = ProgressTranslation()
    translation.add(.finished(first, time: 5, cached: true, error: nil))
    let vertex = try #require(translation.take()).vertexes[0]
    #expect(vertex.cached && vertex.started.nanos == 5 && vertex.completed.nanos == 5)
  }

  @Test func outputThatNobodyReadsIsClippedOnce() throws {
    var translation = ProgressTranslation()
    for _ in 0..<100 { translation.add(.output(first, stream: 1, bytes: Array(repeating: 65, count: 1 << 20), time: 0)) }
    let status = try #require(translation.take())
    #expect(status.logs.count == ProgressLog.outputLimit >> 20 + 1)
    #expect(String(decoding: try #require(status.logs.last).msg, as: UTF8.self).contains("clipped"))
  }

  @Test func aWarningNamesItsRuleAndLine() throws {
    let warning = BuildWarning(
      rule: "StageNameCasing", description: "Stage names should be lowercase", message: "Stage name 'A' should be lowercase", url: "https://x",
      location: SourceRange(startLine: 3, endLine: 4))
    let message = ControlVertexWarning(warning, vertex: first)
    #expect(String(decoding: message.short, as: UTF8.self) == "StageNameCasing: Stage name 'A' should be lowercase (line 3)")
    #expect(message.ranges.first?.end.line == 4)
  }

  @Test func theWatcherGetsEverythingAndThenTheEnd() async {
    let log = ProgressLog()
    #expect(log.watch())
    #expect(!log.watch())
    let watching = Task {
      var vertices = 0
      while let news = await log.next() { vertices += news.vertexes.count }
      return vertices
    }
    log.add(.started(first, time: 1))
    log.add(.finished(second, time: 1, cached: true, error: nil))
    log.end()
    #expect(await watching.value == 2)
  }

  @Test func timesBefore1970AreNotNegativeNanoseconds() {
    #expect(ControlUsageRecord(BuildCacheRecord(id: "x")).createdAt.seconds == 0)
    var record = BuildCacheRecord(id: "x")
    record.created = -1
    let time = ControlUsageRecord(record).createdAt
    #expect(time.seconds == -1 && time.nanos == 999_999_999)
  }
}
