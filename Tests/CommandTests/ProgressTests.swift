// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

@Suite final class ProgressTests {
  private var screen = ""
  private var time = 0

  private func bars(rows: Int = 24, columns: Int = 80) -> ProgressBars {
    ProgressBars(size: { (rows, columns) }, write: { self.screen += $0 }, now: { self.time })
  }

  private func message(_ status: String, _ current: Int = 0, _ total: Int = 0) -> JSON {
    ["status": .string(status), "progressDetail": total > 0 ? ["current": .int(current), "total": .int(total)] : [:]]
  }

  @Test func aBarIsAsFullAsItsShare() {
    #expect(ProgressBars.bar(0, room: 100) == "[>\(String(repeating: " ", count: 49))] ")
    #expect(ProgressBars.bar(0.5, room: 11) == "[=====>     ] ")
    #expect(ProgressBars.bar(1, room: 11) == "[==========>] ")
    #expect(ProgressBars.bar(7, room: 11) == "[==========>] " && ProgressBars.bar(0.5, room: 4) == "")
  }

  @Test func aLineIsDrawnOverWhenItsPartMoves() {
    let bars = bars(columns: 60)
    bars.update("a", message("Downloading", 1_000_000, 4_000_000))
    #expect(screen == "\r\u{1B}[2Ka: Downloading [========>                        ] 1MB/4MB\n")
    screen = ""
    time = 100
    bars.update("a", message("Downloading", 2_000_000, 4_000_000))
    #expect(screen.hasPrefix("\u{1B}[1A\r\u{1B}[2Ka: Downloading [================>"))
  }

  @Test func aChangeIsShownAtOnceAndMovementTenTimesASecond() {
    let bars = bars()
    bars.update("a", message("Downloading", 1, 4))
    screen = ""
    bars.update("a", message("Downloading", 2, 4))
    #expect(screen == "")
    bars.update("a", message("Download complete"))
    #expect(screen.contains("a: Download complete"))
  }

  @Test func aLowTerminalShowsWhatIsNotFinishedAndAllOfItInTheEnd() {
    let bars = bars(rows: 3)
    for id in ["a", "b", "c"] { bars.update(id, message("Pulling fs layer")) }
    screen = ""
    bars.update("c", message("Pull complete"))
    #expect(screen.contains("a: ") && screen.contains("b: ") && !screen.contains("c: "))
    screen = ""
    bars.end()
    #expect(screen == "\u{1B}[2A\r\u{1B}[2Ka: Pulling fs layer \n\r\u{1B}[2Kb: Pulling fs layer \n\r\u{1B}[2Kc: Pull complete \n")
  }
}
