// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import OCISpec
import Testing

@testable import Builder

@Suite("What keys of steps are made from")
struct StepKeyTests {
  private func digest(_ directory: String) throws -> Digest {
    let item = CopyItem(content: .bytes([]), node: TreeNode(kind: .directory, mode: 0o755), relative: "", directory: directory)
    return try CopyFingerprint.of([item], trees: [:]).digest
  }

  @Test func aDirectoryThatKeepsItsNameIsKnownByIt() throws {
    #expect(try digest("a") != digest("b") && digest("a") != digest("") && digest("a") == digest("a"))
  }

  private func copy(_ sources: [CopyStep.Source] = []) -> CopyStep {
    CopyStep(sources: sources, destination: "/x", intoDirectory: false, instruction: "COPY", verb: "COPY")
  }

  @Test func parentsCount() {
    var step = copy()
    #expect(step.settings.isEmpty)
    step.parents = true
    #expect(step.settings == ["parents": "yes"])
  }

  @Test func onlyRepositoriesThatAreKnownWithoutTheirFilesAreLeftOut() {
    let step = copy([.repository(input: 1), .repository(input: 2), .inline(name: "a", bytes: [])])
    let found = step.identified(among: [1: IdentifiedTree(tree: TreePack.empty, identity: "i"), 2: TreePack.empty])
    #expect(found.map { $0.place } == [0] && found.map { $0.tree.identity } == ["i"])
    #expect(step.without([0]).sources == [.repository(input: 2), .inline(name: "a", bytes: [])])
  }

  private func run(_ change: (inout RunStep) -> Void) -> [String: String] {
    var step = RunStep(arguments: ["a"], environment: [], directory: "/", user: "", network: "default", instruction: "RUN", shown: "RUN")
    var mount = RunMount()
    (mount.kind, mount.id) = (.secret, "s")
    step.mounts = [RunStep.Mount(mount: mount, target: "/t")]
    change(&step)
    return step.settings
  }

  @Test func whatMountsAreForCounts() {
    let plain = run { _ in }
    #expect(plain == ["command": #"["a"]"#, "directory": "/", "platform": Platform.host.description, "mount 0": "secret /t s "])
    let others = [
      run { $0.mounts[0].output = 1 }, run { $0.mounts[0].mount.readOnly = true }, run { $0.mounts[0].mount.readOnly = false },
      run { $0.mounts[0].mount.environment = "A" }, run { $0.mounts[0].mount.environment = "B" }, run { $0.rootOutput = 1 },
    ]
    #expect(Set([plain] + others).count == 7)
  }

  @Test func whatGoesIsKnownByMoreThanItsText() {
    let steps = [
      RemoveStep(path: "x", allowsMissing: false, isPattern: false), RemoveStep(path: "x", allowsMissing: false, isPattern: true),
      RemoveStep(path: "x", allowsMissing: true, isPattern: false), RemoveStep(path: "pattern x", allowsMissing: false, isPattern: false),
    ]
    #expect(Set(steps.map(\.settings)).count == 4)
  }

  @Test func aLinkIsKnownByItsPlaceAndItsTarget() {
    let (one, other) = (LinkStep(path: "a -> b", target: "c", owner: nil, time: nil), LinkStep(path: "a", target: "b -> c", owner: nil, time: nil))
    #expect(one.settings != other.settings)
  }
}
