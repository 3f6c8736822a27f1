// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

@Suite final class BuildDisplayTests {
  private var screen = ""
  private var time: Int64 = 0

  private func step(_ number: Int, _ name: String, isMetadata: Bool = false) -> BuildNews.Step {
    BuildNews.Step(number: number, name: name, isMetadata: isMetadata)
  }

  private func plain(_ news: [BuildNews]) -> String {
    let display = PlainBuildDisplay { self.screen += $0 }
    for one in news { display.show(one) }
    display.end(failed: false)
    return screen
  }

  @Test func plainLinesHaveNumbersTimesAndEnds() {
    let said = plain([
      .planned([step(1, "[1/2] FROM busybox"), step(2, "[2/2] RUN make")]), .started(1, time: 1_000_000_000),
      .finished(1, time: 1_000_000_000, cached: true, error: nil), .started(2, time: 2_000_000_000),
      .output(2, stream: 1, bytes: Array("one\ntw".utf8), time: 2_123_000_000), .output(2, stream: 1, bytes: Array("o".utf8), time: 2_200_000_000),
      .finished(2, time: 2_400_000_000, cached: false, error: nil),
    ])
    #expect(
      said == """
        #1 [1/2] FROM busybox
        #1 CACHED

        #2 [2/2] RUN make
        #2 0.123 one
        #2 0.400 two
        #2 DONE 0.4s


        """)
  }

  @Test func plainLinesSayWhenTheyTurnToAnotherStep() {
    let said = plain([
      .planned([step(1, "a"), step(2, "b")]), .started(1, time: 0), .started(2, time: 0), .output(1, stream: 1, bytes: Array("x\n".utf8), time: 0),
      .finished(2, time: 1_000_000_000, cached: false, error: "no"), .finished(1, time: 0, cached: false, error: "context canceled"),
    ])
    #expect(said == "#1 a\n#1 ...\n\n#2 b\n#2 ...\n\n#1 a\n#1 0.000 x\n#1 ...\n\n#2 b\n#2 ERROR: no\n\n#1 a\n#1 CANCELED\n\n")
  }

  private var doneAfterAll: [BuildNews] {
    [
      .planned([step(1, "a")]), .started(1, time: 1_000_000_000), .finished(1, time: 1_000_000_000, cached: true, error: nil),
      .started(1, time: 1_000_000_000),
      .finished(1, time: 2_000_000_000, cached: false, error: nil),
    ]
  }

  @Test func plainLinesSayThatAStepIsDoneAfterAll() { #expect(plain(doneAfterAll) == "#1 a\n#1 CACHED\n\n#1 a\n#1 DONE 1.0s\n\n") }

  @Test func aTerminalShowsAStepOnceThoughItIsDoneAfterAll() {
    let display = terminal()
    for news in doneAfterAll { display.show(news) }
    display.end(failed: false)
    #expect(lines.count == 2 && lines[1].hasPrefix(" => a") && lines[1].hasSuffix("1.0s"), "\(lines)")
  }

  private func terminal(rows: Int = 24, columns: Int = 60) -> TerminalBuildDisplay {
    TerminalBuildDisplay(size: { (rows, columns) }, write: { self.screen += $0 }, now: { self.time })
  }

  private var lines: [String] { screen.split(separator: "\n").map { String($0.replacing("\r\u{1B}[2K", with: "")) } }

  @Test func aTerminalShowsRunningStepsWithTheirLastLines() {
    let display = terminal()
    display.show(.planned([step(1, "[1/2] FROM busybox"), step(2, "[2/2] RUN make"), step(3, "ENV a=b", isMetadata: true)]))
    display.show(.started(1, time: 0))
    display.show(.finished(1, time: 0, cached: true, error: nil))
    display.show(.started(2, time: 0))
    display.show(.output(2, stream: 1, bytes: Array("\u{1B}[31mred\u{1B}[0m\tline\n".utf8), time: 100_000_000))
    time = 1_500_000_000
    display.tick()
    #expect(lines[0].hasPrefix("[+] Building 1.5s (1/2)"))
    #expect(lines[1].hasPrefix(" => CACHED [1/2] FROM busybox") && lines[1].hasSuffix(" 0.0s"))
    #expect(lines[2].hasPrefix(" => [2/2] RUN make") && lines[2].hasSuffix(" 1.5s"))
    #expect(lines[3] == " => => # 0.100 red  line")
    #expect(lines.allSatisfy { $0.count < 60 })
  }

  @Test func whatIsDrawnAgainIsDrawnOver() {
    let display = terminal()
    display.show(.planned([step(1, "a")]))
    display.show(.started(1, time: 0))
    time = 200_000_000
    display.tick()
    screen = ""
    time = 250_000_000
    display.tick()
    #expect(screen == "")
    time = 400_000_000
    display.tick()
    #expect(screen.hasPrefix("\u{1B}[2A\r\u{1B}[2K"))
    screen = ""
    display.show(.finished(1, time: time, cached: false, error: nil))
    display.end(failed: false)
    #expect(lines[0].contains("(1/1) FINISHED"))
  }

  @Test func aLowTerminalShowsTheNewest() {
    let display = terminal(rows: 5)
    display.show(.planned((1...9).map { step($0, "step \($0)") }))
    for number in 1...9 { display.show(.started(number, time: 0)) }
    time = 1_000_000_000
    display.tick()
    #expect(lines.count == 4 && lines[0].hasPrefix("[+] Building") && lines[3].contains("step 9"))
  }

  @Test func aLineThatIsWrittenOverIsItsLastVersion() {
    var log = BuildLog()
    #expect(log.add(Array("10%\r50%\r100%\r\n".utf8), at: 1) == ["1.000 100%"])
    #expect(log.add(Array("rest".utf8), at: 2).isEmpty)
    #expect(log.finish(at: 3) == ["3.000 rest"])
  }

  @Test func eventsAreReadAndUnknownOnesLeftOut() throws {
    #expect(BuildNews(["type": "news of the future"]) == nil)
    guard case .finished(4, 7, true, nil)? = BuildNews(["type": "finished", "vertex": 4, "time": 7, "cached": true]) else {
      Issue.record("a finished step was read as something else")
      return
    }
  }
}
