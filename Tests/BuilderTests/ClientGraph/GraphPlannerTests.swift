// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec
import Testing

@testable import Builder

/// Every image is here.
private struct AllImages: BaseImages {
  func image(_ name: String, platform: Platform, pull: Bool) async throws -> BaseImage {
    let id = SHA256.digest(of: "\(name) \(platform)")
    return BaseImage(id: id, config: ImageConfig(platform: platform), target: id)
  }

  func image(_ address: LayoutAddress, platform: Platform, name: String) async throws -> BaseImage {
    try await image(name, platform: platform, pull: false)
  }
}

@Suite("Clients' graphs become steps")
struct GraphPlannerTests {
  private func node(_ operation: GraphOperation, _ inputs: [GraphEdge] = [], _ name: String = "n", platform: Platform? = nil) -> GraphNode {
    GraphNode(operation, inputs: inputs, name: name, platform: platform, digest: SHA256.digest(of: "\(name) \(inputs.count)"))
  }

  private func planner(_ entitlements: Set<Entitlement> = []) -> GraphPlanner {
    var request = BuildRequest(id: "b")
    request.entitlements = entitlements
    return GraphPlanner(request: request, platform: .host, images: AllImages(), steps: StepTable())
  }

  private func root(_ input: Int?, output: Int? = 0) -> GraphMount { GraphMount(RunMount(), target: "/", input: input, output: output) }

  @Test func nothingIsAnEmptyFileSystem() async throws {
    var planner = planner()
    #expect(try await planner.step(of: nil).operation == .scratch)
  }

  @Test func imagesAreOfTheirOwnPlatform() async throws {
    var planner = planner()
    let other = Platform(os: "linux", architecture: "s390x")
    let step = try await planner.step(of: GraphEdge(node(.image("busybox"), platform: other)))
    #expect(step.operation == .image(SHA256.digest(of: "busybox linux/s390x")))
    #expect(planner.sources.map(\.name) == ["busybox"] && planner.vertices.map(\.name) == ["n"])
  }

  @Test func whatIsUsedTwiceIsOneStep() async throws {
    var planner = planner()
    let image = node(.image("a"), [], "image")
    let merged = node(.merge([0, 1]), [GraphEdge(image), GraphEdge(image)], "merge")
    let step = try await planner.step(of: GraphEdge(merged))
    #expect(step.operation == .merge && step.inputs.count == 2 && step.inputs[0] === step.inputs[1])
  }

  @Test func aCommandGoesOnFromItsRoot() async throws {
    var planner = planner()
    var run = GraphRun()
    (run.arguments, run.environment, run.network, run.exitCodes) = (["make"], ["A=1"], "none", [0, 3])
    run.mounts = [root(0), GraphMount(RunMount(), target: "/src/", input: 1, output: nil)]
    let inputs = [GraphEdge(node(.image("a"), [], "a")), GraphEdge(node(.context("files", ContextSelection()), [], "files"))]
    let step = try await planner.step(of: GraphEdge(node(.run(run), inputs, "run")))
    guard case .run(let made) = step.operation else { throw HullError(.internalError, "no command") }
    #expect((made.arguments, made.environment, made.network, made.exitCodes) == (["make"], ["A=1"], "none", [0, 3]))
    #expect(step.inputs.count == 2 && step.inputs[1].operation.givesTree)
    #expect(made.mounts.map(\.target) == ["/src"] && made.mounts.map(\.input) == [1] && !made.hasOutputs)
  }

  @Test func aMountMayBeAResult() async throws {
    var planner = planner()
    var run = GraphRun()
    var cache = RunMount()
    cache.kind = .cache
    run.mounts = [
      root(0, output: nil), GraphMount(cache, target: "/c", input: nil, output: nil), GraphMount(RunMount(), target: "/out", input: nil, output: 0),
    ]
    let command = node(.run(run), [GraphEdge(node(.image("a"), [], "a"))], "run")
    let step = try await planner.step(of: GraphEdge(command))
    #expect(step.operation == .output(0))
    guard case .run(let made) = step.inputs[0].operation else { throw HullError(.internalError, "no command") }
    #expect(made.hasOutputs && made.outputNumbers == [0] && made.rootOutput == nil)
    #expect(made.mounts.map(\.input) == [nil, 1] && step.inputs[0].inputs[1].operation == .scratch)
    await #expect(throws: HullError.self) { _ = try await planner.step(of: GraphEdge(command, output: 1)) }
  }

  @Test func mountsNeedPlaces() async throws {
    func step(_ kind: RunMount.Kind, _ target: String, variable: String? = nil) async throws {
      var mount = RunMount()
      (mount.kind, mount.environment) = (kind, variable)
      var run = GraphRun()
      run.mounts = [root(nil), GraphMount(mount, target: target, input: nil, output: nil)]
      var planner = planner()
      _ = try await planner.step(of: GraphEdge(node(.run(run))))
    }
    for kind in [RunMount.Kind.bind, .cache, .tmpfs, .secret, .ssh] {
      for target in ["", "/", "/a/.."] { await #expect(throws: HullError.self) { try await step(kind, target) } }
    }
    try await step(.secret, "", variable: "TOKEN")
    await #expect(throws: HullError.self) { try await step(.secret, "/", variable: "TOKEN") }
  }

  @Test func onlyFilesFromElsewhereAreTheSameForAllPlatforms() async throws {
    let steps = StepTable()
    func make(_ architecture: String) async throws -> Step {
      let platform = Platform(os: "linux", architecture: architecture)
      var planner = GraphPlanner(request: BuildRequest(id: "b"), platform: platform, images: AllImages(), steps: steps)
      var run = GraphRun()
      run.mounts = [root(0), GraphMount(RunMount(), target: "/src", input: 1, output: nil)]
      let inputs = [GraphEdge(node(.image("a"), [], "a")), GraphEdge(node(.context("f", ContextSelection()), [], "f"))]
      return try await planner.step(of: GraphEdge(node(.run(run), inputs, "run")))
    }
    let (one, other) = (try await make("amd64"), try await make("arm64"))
    #expect(one.vertex.id != other.vertex.id && one.inputs[0].vertex.id != other.inputs[0].vertex.id && one.inputs[1] === other.inputs[1])
  }

  @Test func aRepositoryNeedNotLookLikeOne() async throws {
    var planner = planner()
    let url = "https://github.com/o/r?checksum=abc"
    let step = try await planner.step(of: GraphEdge(node(.repository(url: url, keepsGitDirectory: true, checksum: nil))))
    #expect(step.operation == .repository(RepositoryStep(url: url, keepsGitDirectory: true, checksum: "abc", isGit: true)))
    let refused: [(String, String?)] = [(url, "def"), ("ftp://h/r", nil)]
    for (url, checksum) in refused {
      var planner = self.planner()
      let other = node(.repository(url: url, keepsGitDirectory: false, checksum: checksum), [], "\(url) other")
      await #expect(throws: HullError.self) { _ = try await planner.step(of: GraphEdge(other)) }
    }
  }

  @Test func filesThatAreARootBecomeLayers() async throws {
    var planner = planner()
    var run = GraphRun()
    run.mounts = [root(0)]
    let step = try await planner.step(of: GraphEdge(node(.run(run), [GraphEdge(node(.context("f", ContextSelection()), [], "f"))], "run")))
    guard case .copy(let copy) = step.inputs[0].operation else { throw HullError(.internalError, "no layers") }
    #expect(copy.destination == "/" && step.inputs[0].inputs.map(\.operation.givesTree) == [false, true])
  }

  @Test func changesFollowEachOther() async throws {
    var planner = planner()
    let changes = [
      GraphChange(.makeDirectory(path: "/d", mode: 0o700, makesParents: false), base: .input(0)),
      GraphChange(.makeFile(path: "d/f", mode: 0o640, bytes: [1]), base: .change(0), output: 1),
      GraphChange(.link(path: "/l", target: "d"), base: .change(1)),
      GraphChange(.remove(path: "/d/*", allowsMissing: true, isPattern: true), base: .change(2), output: 0),
    ]
    let changed = node(.change(changes), [GraphEdge(node(.image("a"), [], "a"))], "change")
    let last = try await planner.step(of: GraphEdge(changed))
    #expect(last.operation == .remove(RemoveStep(path: "d/*", allowsMissing: true, isPattern: true)))
    #expect(last.inputs[0].operation == .link(LinkStep(path: "l", target: "d", owner: nil, time: nil)))
    let file = try await planner.step(of: GraphEdge(changed, output: 1))
    #expect(file === last.inputs[0].inputs[0])
    guard case .copy(let copy) = file.operation, case .directory(let directory) = file.inputs[0].operation else {
      throw HullError(.internalError, "no file")
    }
    #expect(copy.sources == [.inline(name: "f", bytes: [1])] && copy.mode == "640" && copy.destination == "/d/f" && copy.details.needsParent)
    #expect((directory.path, directory.mode, directory.makesParents) == ("/d", 0o700, false))
  }

  @Test func whatIsNotThereIsAnError() async {
    var planner = planner()
    for operation in [
      GraphOperation.merge([0]), .difference(lower: 0, upper: nil),
      .change([GraphChange(.remove(path: "a", allowsMissing: true, isPattern: false), base: .change(0), output: 0)]),
    ] {
      await #expect(throws: HullError.self) { _ = try await planner.step(of: GraphEdge(node(operation, [], "\(operation)"))) }
    }
  }

  @Test func commandsOfGraphsNeedWhatOthersNeed() async throws {
    var run = GraphRun()
    (run.mounts, run.insecure) = ([root(nil)], true)
    var (refused, allowed) = (planner(), planner([.insecure]))
    await #expect(throws: HullError.self) { _ = try await refused.step(of: GraphEdge(node(.run(run)))) }
    _ = try await allowed.step(of: GraphEdge(node(.run(run))))
  }

  @Test func aContextMayBeAGraph() async throws {
    var request = BuildRequest(id: "b")
    request.namedContexts = ["base": "input:key"]
    var config = ImageConfig(platform: .host)
    config.config.environment = ["A=1"]
    request.inputs = ["key": BuildInput(GraphEdge(node(.image("a"), [], "a")), config: config), "context": BuildInput(nil)]
    request.contextInput = "context"
    let dockerfile = try DockerfileParser.parse(Array("FROM base\nCOPY x y\nENV B=$A".utf8))
    var planner = Planner(request: request, dockerfile: dockerfile, platform: .host, images: AllImages(), ignored: [], steps: StepTable())
    let plan = try await planner.plan()
    #expect(plan.target.config.environment?.contains("B=1") == true)
    #expect(plan.target.step.inputs.map(\.operation) == [.image(SHA256.digest(of: "a \(Platform.host)")), .scratch])
    #expect(plan.images.map(\.name) == ["a"])
  }
}
