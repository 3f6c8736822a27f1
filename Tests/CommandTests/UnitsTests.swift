// SPDX-License-Identifier: Apache-2.0
import Errors
import Testing

@testable import HullCommands

@Suite struct UnitsTests {
  @Test(arguments: [
    ("1024", 1024), ("1k", 1024), ("1KB", 1024), ("1kib", 1024), ("512m", 536_870_912), ("1.5g", 1_610_612_736), ("64 mb", 67_108_864), ("0", 0),
    ("32B", 32),
  ])
  func sizesAreRead(text: String, bytes: Int64) throws { #expect(try Units.bytes(text) == bytes) }

  @Test(arguments: ["x", "", "1q", "m", "1.2.3", "5000000p", "1 2", "nan", "0x10"])
  func otherSizesAreRefused(text: String) {
    let error = #expect(throws: HullError.self) { try Units.bytes(text) }
    #expect(error?.message == "invalid size: '\(text)'")
  }

  @Test func sizesAreWritten() {
    #expect(Units.size(0) == "0B")
    #expect(Units.size(1_984_132, precision: 3) == "1.98MB")
    #expect(Units.size(1_984_132) == "1.984MB")
    #expect(Units.size(1883, precision: 3) == "1.88kB")
    #expect(Units.binarySize(16_718_000_000) == "15.57GiB")
    #expect(Units.binarySize(536_870_912) == "512MiB")
  }

  @Test(arguments: [("1h30m", 5400), ("90s", 90), ("0", 0), ("-2m", -120), ("1.5s", 1), ("300ms", 0)])
  func durationsAreRead(text: String, seconds: Int64) throws { #expect(try Units.duration(text) / 1_000_000_000 == seconds) }

  @Test(arguments: ["5", "", "x", "1y", "1h-2m", "h"]) func otherDurationsAreRefused(text: String) {
    #expect(throws: HullError.self) { try Units.duration(text) }
  }

  @Test(arguments: [
    (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (150, "2 minutes"), (3600, "About an hour"),
    (7200, "2 hours"),
    (172_800, "2 days"), (1_300_000, "2 weeks"), (6_000_000, "2 months"), (80_000_000, "2 years"),
  ])
  func agesAreWrittenAsDockerWritesThem(seconds: Int, text: String) { #expect(Units.humanDuration(seconds: seconds) == text) }

  @Test func cpusAreBillionths() throws {
    #expect(try Units.nanoCPUs("1.5") == 1_500_000_000)
    #expect(try Units.nanoCPUs("0.001") == 1_000_000)
    #expect(throws: HullError.self) { try Units.nanoCPUs("x") }
    #expect(throws: HullError.self) { try Units.nanoCPUs("inf") }
  }

  @Test func timestampsAreReadWithZoneAndFraction() {
    #expect(Timestamp("2026-11-22T12:00:00Z") == Timestamp(seconds: 1_795_348_800))
    #expect(Timestamp("2026-11-22T13:00:00.5+01:00") == Timestamp(seconds: 1_795_348_800, nanoseconds: 500_000_000))
    #expect(Timestamp("2026-11-22T12:00:00.123456789Z")?.nanoseconds == 123_456_789)
    for text in ["", "x", "2026-13-01", "2026-11-22T99:00:00Z", "2026-11", "2026-11-22Tzz"] { #expect(Timestamp(text) == nil) }
  }

  @Test func momentsForTheAPIAreSecondsWithAFraction() throws {
    #expect(try Timestamp.query("1795348800") == "1795348800")
    #expect(try Timestamp.query("2026-11-22T12:00:00.5Z") == "1795348800.500000000")
    let ago = try #require(Double(try Timestamp.query("10m")))
    #expect(abs(Double(Timestamp.now.seconds) - 600 - ago) < 5)
    #expect(throws: HullError.self) { try Timestamp.query("yesterday") }
  }

  @Test func namesAreInNaturalOrder() {
    let names = ["net10", "Net1", "net9", "net", "net09", "a1b10", "a1b9", "80/tcp -> [::]:1", "80/tcp -> 0.0.0.0:1", "1000/tcp", "net09a"]
    #expect(
      names.sorted(by: NaturalOrder.isBefore) == [
        "80/tcp -> 0.0.0.0:1", "80/tcp -> [::]:1", "1000/tcp", "Net1", "a1b9", "a1b10", "net", "net9", "net09", "net09a", "net10",
      ])
  }

  @Test func momentsKeepTheirZone() {
    #expect(Timestamp.goString("2024-01-02T03:04:05.120Z") == "2024-01-02 03:04:05.12 +0000 UTC")
    #expect(Timestamp.goString("2024-01-02T03:04:00Z") == "2024-01-02 03:04:00 +0000 UTC")
    #expect(Timestamp.goString("0001-01-01T00:00:00Z") == "0001-01-01 00:00:00 +0000 UTC")
    #expect(Timestamp.goString("2024-01-02T03:04:05.000+11:30") == "2024-01-02 03:04:05 +1130 +1130")
    #expect(Timestamp.goString("") == "")
  }
}
