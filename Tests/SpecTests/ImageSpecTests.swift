// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import OCISpec
import Testing

@Suite struct ImageSpecTests {
  @Test func digestsAreStrict() throws {
    let good = "sha256:" + String(repeating: "0f", count: 32)
    #expect(try Digest(good).description == good)
    for bad in [
      "", "sha256", "sha256:", good + "0", good.uppercased(), "md5:00", "sha256:../../etc/passwd", "sha256:" + String(repeating: "g", count: 64),
    ] {
      #expect(throws: HullError.self) { try Digest(bad) }
    }
    #expect(Digest(sha256: [UInt8](repeating: 0xa5, count: 32)).hex == String(repeating: "a5", count: 32))
  }

  @Test func platformsAreNormalisedAndCompared() throws {
    #expect(Platform(os: "Linux", architecture: "x86_64").description == "linux/amd64")
    #expect(Platform(os: "linux", architecture: "aarch64").description == "linux/arm64")
    #expect(
      try JSONDecoder().decode(Platform.self, from: Data(#"{"os":"linux","architecture":"arm64","variant":"v8"}"#.utf8)).normalized.variant == nil)
    #expect(try Platform(parsing: "linux/arm/v7").variant == "v7")
    #expect(try Platform(parsing: "linux").architecture == Platform.host.architecture)
    #expect(try Platform(parsing: "s390x").os == "linux")
    for bad in ["", "/", "a/b/c/d", "linux/", "linux/a b"] { #expect(throws: HullError.self) { try Platform(parsing: bad) } }
    let amd64 = Platform(os: "linux", architecture: "amd64")
    #expect(amd64.distance(to: amd64) == 0)
    #expect(Platform(os: "linux", architecture: "amd64", variant: "v3").distance(to: amd64) == nil)
    #expect(amd64.distance(to: Platform(os: "linux", architecture: "amd64", variant: "v3")) == 3)
    #expect(Platform(os: "linux", architecture: "arm64").distance(to: amd64) == nil)
    #expect(Platform(os: "windows", architecture: "amd64").distance(to: amd64) == nil)
    let v7 = Platform(os: "linux", architecture: "arm", variant: "v7")
    #expect(Platform(os: "linux", architecture: "arm", variant: "v6").distance(to: v7) == 2)
    #expect(Platform(os: "linux", architecture: "arm", variant: "v8").distance(to: v7) == nil)
  }

  @Test(arguments: ["windows(10.0.20348.1006)/amd64", "windows(10.0.20348+win32k)/amd64", "linux(+one+two)/arm64", "windows(1.2%2B3)/bar"])
  func aPlatformMayHaveTheVersionOfItsSystem(_ text: String) throws {
    let platform = try Platform(parsing: text)
    #expect(platform.description == text && platform.normalized == platform)
    #expect(try JSONDecoder().decode(Platform.self, from: JSONEncoder().encode(platform)) == platform)
    #expect(ImageConfig(platform: platform).platform == platform)
  }

  @Test func partsOfASystemsVersionAreRead() throws {
    let windows = try Platform(parsing: "Windows(10.0.17763+b+a+b)/x86_64")
    #expect((windows.os, windows.architecture, windows.osVersion, windows.osFeatures) == ("windows", "amd64", "10.0.17763", ["a", "b"]))
    #expect(try Platform(parsing: "windows()/amd64").osVersion == nil)
    #expect(try Platform(parsing: "windows(10.0.17763)").architecture == Platform.host.architecture)
    for bad in ["windows(/amd64", "windows(1)2/amd64", "windows(1+)/amd64", "windows(1%4)/amd64", "windows( )/amd64", "linux/amd64(1)", "plan(1)"] {
      #expect(throws: HullError.self) { try Platform(parsing: bad) }
    }
  }

  @Test func imagesOfWindowsRunOnTheirReleaseAndNewerOnes() throws {
    func distance(_ image: String, _ machine: String) throws -> Int? {
      try Platform(parsing: "windows(\(image))/amd64").distance(to: Platform(parsing: "windows(\(machine))/amd64"))
    }
    #expect(try distance("10.0.20348.1006", "10.0.20348.2") == 0)
    #expect(try distance("10.0.20348", "10.0.26100") == 5752)
    #expect(try distance("10.0.26100", "10.0.20348") == nil && distance("10.0.17763", "10.0.20348") == nil)
    #expect(try distance("1.1.0", "1.2.3") == nil)
    // Who does not say it takes every one.
    #expect(try Platform(parsing: "windows(1.1.0)/amd64").distance(to: Platform(parsing: "windows/amd64")) == 0)
    #expect(try Platform(parsing: "linux(1.1.0)/amd64").distance(to: Platform(parsing: "linux(2)/amd64")) == 0)
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2026-11-22T12:00:00.123456789Z", 1_795_348_800_123_456_789),
      ("2026-11-22T13:00:00.1+01:00", 1_795_348_800_100_000_000),
      ("1969-12-31T23:59:59.5Z", -500_000_000), ("2000-02-29T00:00:00Z", 951_782_400_000_000_000),
    ] as [(String, Int64)])
  func timesAreRead(text: String, nanoseconds: Int64) {
    #expect(RFC3339.nanoseconds(text) == nanoseconds)
    if text.hasSuffix("Z") { #expect(RFC3339.text(nanoseconds: nanoseconds) == text) }
  }

  @Test(arguments: [
    "", "now", "2026-13-01T00:00:00Z", "2026-11-22 12:00:00Z", "2026-11-22T12:00:00", "2026-11-22T12:00:00.Z", "2026-11-22T25:00:00Z",
  ])
  func whatIsNoTimeIsNil(text: String) { #expect(RFC3339.nanoseconds(text) == nil) }

  @Test func goZeroTimeIsFarInThePast() { #expect(RFC3339.parse("0001-01-01T00:00:00Z")?.seconds == -62_135_596_800) }

  @Test func configurationsAreReadLeniently() throws {
    let text = """
      {"id":"x","parent":"","os":"linux","architecture":"amd64","config":{"Cmd":"sh","Entrypoint":null,"Env":null,"ExposedPorts":{"80/tcp":{}},
      "Volumes":{"/d":null},"Unknown":[1]},"rootfs":null,"history":null,"container_config":{"x":1}}
      """
    let config = try JSONDecoder().decode(ImageConfig.self, from: Data(text.utf8))
    #expect(config.config.command == ["sh"] && config.config.exposedPorts == ["80/tcp"] && config.config.volumes == ["/d"])
    #expect(config.rootfs.diffIDs.isEmpty && config.history.isEmpty && config.parent == nil)
    let again = try JSONDecoder().decode(ImageConfig.self, from: JSONEncoder().encode(config))
    #expect(again == config)
  }

  @Test func chainsAreThoseOfTheSpecification() throws {
    let a = try Digest("sha256:" + String(repeating: "a", count: 64))
    let b = try Digest("sha256:" + String(repeating: "b", count: 64))
    var asked: [String] = []
    let ids = Chain.ids([a, b, a]) { text in
      asked.append(text)
      return b
    }
    #expect(ids == [a, b, b] && asked == ["\(a) \(b)", "\(b) \(a)"])
  }
}
