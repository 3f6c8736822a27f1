// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec
import Testing

@testable import Builder

/// Base images that are there for every platform.
private struct AllImages: BaseImages {
  func image(_ name: String, platform: Platform, pull: Bool) async throws -> BaseImage {
    let id = SHA256.digest(of: "\(name) \(platform)")
    return BaseImage(id: id, config: ImageConfig(platform: platform), target: id)
  }

  func image(_ address: LayoutAddress, platform: Platform, name: String) async throws -> BaseImage {
    try await image(name, platform: platform, pull: false)
  }
}

@Suite("Plans for several platforms")
struct PlatformPlanTests {
  private func plans(_ text: String, _ platforms: [String], _ arguments: [String: String] = [:]) async throws -> [BuildPlan] {
    var request = BuildRequest(id: "b")
    request.platforms = try platforms.map { (text) throws(HullError) in try Platform(parsing: text) }
    request.arguments = arguments
    let (dockerfile, steps) = (try DockerfileParser.parse(Array(text.utf8)), StepTable())
    var plans: [BuildPlan] = []
    for platform in request.platforms {
      var planner = Planner(request: request, dockerfile: dockerfile, platform: platform, images: AllImages(), ignored: [], steps: steps)
      plans.append(try await planner.plan())
    }
    return plans
  }

  private func names(_ plans: [BuildPlan]) -> [[String]] { plans.map { $0.vertices.filter { !$0.isMetadata }.map(\.name) } }

  @Test func stepsAreNamedByTheirPlatformWhenThereAreSeveral() async throws {
    let text = "FROM a\nRUN b\nCOPY c d"
    #expect(names(try await plans(text, ["linux/arm64/v8"])) == [["[1/3] FROM docker.io/library/a:latest", "[2/3] RUN b", "[3/3] COPY c d"]])
    let both = try await plans(text, ["linux/amd64", "linux/arm/v7"])
    #expect(names(both)[0][1] == "[linux/amd64 2/3] RUN b" && names(both)[1][1] == "[linux/arm/v7 2/3] RUN b")
    #expect(Set(both.flatMap(\.vertices).map(\.id)).count == 6)
  }

  @Test func aStageOfTheBuildPlatformIsOneForAll() async throws {
    let text = """
      FROM --platform=linux/amd64 compiler AS build
      WORKDIR /src
      COPY . .
      RUN fetch
      ARG TARGETARCH TARGETVARIANT
      RUN compile
      FROM base
      COPY --from=build /out /
      """
    let all = try await plans(text, ["linux/amd64", "linux/arm64", "linux/arm/v7"])
    func ids(_ name: String) -> [Digest] { all.map { plan in plan.vertices.first { $0.name == name }?.id }.compactMap { $0 } }
    for shared in ["[linux/amd64 build 2/5] WORKDIR /src", "[linux/amd64 build 3/5] COPY . .", "[linux/amd64 build 4/5] RUN fetch"] {
      #expect(ids(shared).count == 3 && Set(ids(shared)).count == 1, "\(shared)")
    }
    for own in ["", "->arm64", "->arm/v7"] { #expect(ids("[linux/amd64\(own) build 5/5] RUN compile").count == 1) }
    for platform in ["amd64", "arm64", "arm/v7"] { #expect(ids("[linux/\(platform) stage-1 2/2] COPY --from=build /out /").count == 1) }
  }

  @Test func theClientsFilesAreOneStepForAllPlatforms() async throws {
    let both = try await plans("FROM scratch\nCOPY a b", ["linux/amd64", "linux/arm64"])
    let contexts = both.map { $0.target.step.inputs[1] }
    #expect(contexts[0] === contexts[1])
    #expect(both[0].target.step !== both[1].target.step)
  }

  @Test(arguments: [
    ("linux/arm64", "linux/arm64|linux|arm64|"), ("linux/arm64/v8", "linux/arm64|linux|arm64|"), ("linux/arm/v6", "linux/arm/v6|linux|arm|v6"),
    ("linux/amd64/v2", "linux/amd64/v2|linux|amd64|v2"), ("linux/386", "linux/386|linux|386|"), ("linux/arm", "linux/arm/v7|linux|arm|v7"),
  ])
  func theTargetsArgumentsSayItsPlatform(platform: String, said: String) async throws {
    let text =
      "FROM a\nARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM\n"
      + "ENV said=$TARGETPLATFORM|$TARGETOS|$TARGETARCH|$TARGETVARIANT built=$BUILDPLATFORM"
    let plan = try await plans(text, [platform])[0]
    #expect(plan.target.config.environment?.suffix(2) == ["said=\(said)", "built=\(Platform.host)"])
  }

  @Test func windowsHasItsOwnShellAndPath() async throws {
    let both = try await plans("FROM scratch\nENTRYPOINT foo bar", ["windows/amd64", "linux/amd64"])
    #expect(both[0].target.config.entrypoint == ["cmd", "/S", "/C", "foo bar"] && both[0].target.config.environment == nil)
    #expect(both[1].target.config.entrypoint == ["/bin/sh", "-c", "foo bar"])
    #expect(both[1].target.config.environment == ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
  }

  @Test func theVersionOfTheSystemGoesIntoTheImage() async throws {
    let text = "FROM scratch\nARG TARGETPLATFORM TARGETOSVERSION\nLABEL said=$TARGETPLATFORM|$TARGETOSVERSION"
    let plan = try await plans(text, ["windows(10.0.20348.1006)/amd64"])[0]
    #expect(plan.target.config.labels == ["said": "windows(10.0.20348.1006)/amd64|10.0.20348.1006"])
    #expect(plan.target.platform.osVersion == "10.0.20348.1006")
  }

  /// What an image says that it runs on, built from a base image for `base`.
  private func platform(_ asked: [String], base: String) throws -> String {
    var request = BuildRequest(id: "b")
    request.platforms = try asked.map { (text) throws(HullError) in try Platform(parsing: text) }
    let own = try Platform(parsing: base)
    let step = Step(.scratch, vertex: BuildVertex(id: SHA256.digest(of: ""), name: ""))
    let state = StageState(name: "", index: 0, platform: own, config: ProcessConfig(), step: step, variables: BuildVariables(environment: []))
    let plan = BuildPlan(target: state, platform: request.platforms.first ?? .host, stages: [], vertices: [], warnings: [])
    return ImageAssembly(request: request, plan: plan, fileSystem: FileSystem(), layers: [:]).platform.description
  }

  @Test(arguments: [
    (["linux/arm64"], "linux/amd64", "linux/arm64"), ([], "linux/s390x", "linux/s390x"), (["linux/amd64"], "linux/amd64/v3", "linux/amd64/v3"),
    (["windows/amd64"], "windows(10.0.1)/amd64", "windows(10.0.1)/amd64"),
    (["windows(10.0.2)/amd64"], "windows(10.0.1)/amd64", "windows(10.0.2)/amd64"),
    (["windows/arm64"], "windows(10.0.1)/amd64", "windows/arm64"),
  ])
  func theImageIsForWhatWasAskedFor(asked: [String], base: String, said: String) throws {
    #expect(try platform(asked, base: base) == said)
  }

  @Test func commandsOfOneTextOnTwoPlatformsAreTwoSteps() async throws {
    let both = try await plans("FROM scratch\nRUN a", ["linux/amd64", "linux/arm64"])
    guard case .run(let first) = both[0].target.step.operation, case .run(let second) = both[1].target.step.operation else {
      Issue.record("no RUN")
      return
    }
    #expect(first.platform.description == "linux/amd64" && second.platform.description == "linux/arm64")
  }
}
