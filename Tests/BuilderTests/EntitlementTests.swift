// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec
import Testing

@testable import Builder

/// No image is here.
private struct NoImages: BaseImages {
  func image(_ name: String, platform: Platform, pull: Bool) async throws -> BaseImage { throw HullError(.notFound, name) }
  func image(_ address: LayoutAddress, platform: Platform, name: String) async throws -> BaseImage { throw HullError(.notFound, name) }
}

@Suite("What builds have to ask for")
struct EntitlementTests {
  private func plan(_ text: String, _ entitlements: Set<Entitlement>, network: String = "") async throws -> BuildPlan {
    var request = BuildRequest(id: "b")
    (request.entitlements, request.network) = (entitlements, network)
    var planner = Planner(
      request: request, dockerfile: try DockerfileParser.parse(Array(text.utf8)), platform: .host, images: NoImages(), ignored: [], steps: StepTable()
    )
    return try await planner.plan()
  }

  private func refusal(_ text: String, _ entitlements: Set<Entitlement>, network: String = "") async -> String? {
    do {
      _ = try await plan(text, entitlements, network: network)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func theNetworkOfAContainerIsAskedFor() async throws {
    #expect(await refusal("FROM scratch\nRUN x", [], network: "container:one")?.contains("network.host is not allowed") == true)
    #expect(await refusal("FROM scratch\nRUN x", [.hostNetwork], network: "container:one") == nil)
  }

  @Test func allCapabilitiesAreAskedFor() async throws {
    let text = "FROM scratch\nRUN --security=insecure x"
    let said = try #require(await refusal(text, [.hostNetwork]))
    #expect(said.contains("security.insecure is not allowed") && said.contains("--allow security.insecure"))
    let plan = try await plan(text, [.insecure])
    guard case .run(let run) = plan.target.step.operation else { throw HullError(.internalError, "no RUN") }
    #expect(run.insecure)
    #expect(await refusal("FROM scratch\nRUN --security=sandbox x", []) == nil)
  }

  @Test func theHostsNetworkIsAskedFor() async {
    #expect(await refusal("FROM scratch\nRUN --network=host x", [.insecure])?.contains("network.host is not allowed") == true)
    #expect(await refusal("FROM scratch\nRUN x", [], network: "host")?.contains("network.host is not allowed") == true)
    #expect(await refusal("FROM scratch\nRUN --network=host x", [.hostNetwork]) == nil)
    #expect(await refusal("FROM scratch\nRUN --network=none x", [], network: "host") == nil)
  }

  @Test func theDaemonHasTheLastWord() throws {
    try Entitlement.check([.hostNetwork], allowed: Entitlement.usual)
    do {
      try Entitlement.check([.hostNetwork, .insecure], allowed: Entitlement.usual)
      Issue.record("it was let through")
    } catch {
      #expect(
        error.message.contains("granting entitlement security.insecure is not allowed by build daemon configuration") && error.code == .forbidden)
    }
  }

  @Test(arguments: ["", "security", "security.insecure=1", "net.host"]) func unknownNamesAreRefused(_ name: String) {
    #expect(throws: HullError.self) { try Entitlement.set([name]) }
  }
}
