// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Glibc
import LinuxSystem
import Testing

@testable import Builder

@Suite("What policies call sources")
struct SourcePolicyNameTests {
  @Test(arguments: [
    "https://example.org/evil/r.git#main:sub", "https://user:word@example.org/evil/r.git#main:sub", "git@example.org:evil/r.git#main:sub",
    "ssh://git@example.org/evil/r.git#main:sub", "https://example.org/evil/r.git?ref=main&subdir=sub",
  ])
  func aRepositoryHasOneName(_ address: String) throws {
    #expect(try GitAddress(address)?.policyName == "git://example.org/evil/r.git#main:sub")
    #expect(throws: HullError.self) { try request(denying: "git://example.org/evil/*").policed(.repository(RepositoryStep(url: address))) }
  }

  @Test func aContextOfTheWebGoesByItsAddress() throws {
    let step = RepositoryStep(url: "https://example.org/context.tar")
    #expect(throws: HullError.self) { try request(denying: "https://example.org/*").policed(.repository(step)) }
  }

  @Test(arguments: ["https://example.org/file", "https://example.org/r.git"]) func theTimeOfADeniedSourceIsNotAskedFor(_ address: String) throws {
    let text = "ARG SOURCE_DATE_EPOCH=s\nFROM scratch AS s\nADD \(address) /\nFROM scratch\n"
    let dockerfile = try DockerfileParser.parse(Array(text.utf8))
    #expect(try EpochReader(request: BuildRequest(id: "b"), dockerfile: dockerfile).allowedSource() != nil)
    let denying = request(denying: "*example.org*")
    let error = #expect(throws: HullError.self) { try EpochReader(request: denying, dockerfile: dockerfile).allowedSource() }
    #expect(error?.code == .forbidden)
  }

  private func request(denying pattern: String) -> BuildRequest {
    var request = BuildRequest(id: "b")
    request.policy = SourcePolicy([SourcePolicy.Rule(.deny, pattern)])
    return request
  }
}

@Suite("Times of files")
struct FileTimeTests {
  @Test(arguments: [Int.min, -9_300_000_000, 9_300_000_000, 253_402_300_799, .max]) func timesBeyondNanosecondsAreTheLastOnes(_ seconds: Int) {
    let time = timespec(tv_sec: seconds, tv_nsec: 5).nanoseconds
    #expect(time == (seconds < 0 ? -9_199_999_999_999_999_995 : 9_200_000_000_000_000_005))
  }
}
