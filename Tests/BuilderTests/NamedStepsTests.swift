// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Foundation
import Layers
import OCISpec
import Synchronization
import Testing

@testable import Builder

@Suite("Steps of which there are only names")
struct NamedStepsTests {
  private func digest(_ text: String) -> Digest { SHA256.digest(of: text) }

  private func layer(_ diffID: Digest, above chain: Digest? = nil) -> FileSystem.Layer {
    let chains = Chain.ids([chain, diffID].compactMap { $0 }, sha256: SHA256.digest(of:))
    return FileSystem.Layer(
      info: LayerInfo(chain: chains[chains.count - 1], diffID: diffID, size: 0),
      descriptor: Descriptor(mediaType: MediaType.ociLayer, digest: diffID, size: 0))
  }

  private func step(_ name: String, inputs: [Step] = []) -> Step {
    var vertex = BuildVertex(id: digest(name), name: name)
    vertex.instruction = name
    return Step(.scratch, inputs: inputs, vertex: vertex)
  }

  @Test func aNameIsTheChainIDThatTheLayersWouldHave() {
    let (one, two) = (digest("one"), digest("two"))
    let base = FileSystem(layers: [layer(one)])
    let here = base.adding(layer(two, above: one))
    let named = base.naming(two)
    #expect(named.chain == here.chain && !named.isHere && here.isHere && named.layers.isEmpty)
    #expect(FileSystem().naming(one).chain == base.chain)
    #expect(named.naming(digest("three")).chain == named.adding(layer(digest("three"))).chain)
  }

  @Test func whatAddsNothingIsAsMuchHereAsWhatItStandsOn() {
    let base = FileSystem(layers: [layer(digest("one"))])
    #expect(base.naming(nil).isHere && !base.naming(digest("two")).naming(nil).isHere)
  }

  // MARK: Selections

  private func selection(_ change: (inout CopyStep) -> Void = { _ in }, chain: String = "a", value: StepValue? = nil) -> Digest? {
    var step = CopyStep(sources: [.files(input: 1, patterns: ["/f"])], destination: "/x", intoDirectory: false, instruction: "COPY", verb: "COPY")
    change(&step)
    return step.selection(in: [1: value ?? .fileSystem(FileSystem().naming(digest(chain)))])
  }

  @Test func aSelectionIsKnownByAllThatItsFilesDependOn() {
    let others = [
      selection(), selection(chain: "b"), selection { $0.excludes = ["f"] }, selection { $0.parents = true }, selection { $0.unpacks = true },
      selection { $0.details.includes = ["f"] }, selection { $0.sources = [.files(input: 1, patterns: ["/g"])] },
      selection { $0.sources = [.files(input: 1, patterns: ["/f", "/g"])] }, selection { $0.sources.append(.inline(name: "n", bytes: [1])) },
      selection { $0.sources.append(.inline(name: "n", bytes: [2])) }, selection { $0.sources += $0.sources },
    ]
    #expect(!others.contains(nil) && Set(others).count == others.count)
  }

  @Test func whereTheFilesGoMakesNoOther() {
    #expect(selection() == selection { ($0.destination, $0.owner, $0.mode, $0.link) = ("/y", "1", "700", true) })
  }

  @Test func filesThatAreInNoFileSystemHaveNone() {
    #expect(selection(value: .tree(TreePack.empty)) == nil)
    #expect(selection { $0.sources.append(.download(input: 1, name: "n")) } == nil)
  }

  @Test func aMountIsKnownByWhatItShows() {
    var mount = RunStep.Mount(mount: RunMount(), target: "/t")
    let value = StepValue.fileSystem(FileSystem().naming(digest("a")))
    let whole = mount.selection(in: value)
    mount.mount.source = "/part"
    #expect(whole != nil && mount.selection(in: value) != whole && mount.selection(in: .tree(TreePack.empty)) == nil)
  }

  // MARK: Documents

  private func record(_ name: String, description: String = "") -> CacheDocument.Step {
    CacheDocument.Step(key: digest(name), description: description, base: nil, diffID: digest("layer"), blob: digest("blob"), created: 1)
  }

  @Test func aDocumentOfAnOlderEngineHasNoNames() throws {
    let text = #"{"mounts":[],"steps":[{"created":1,"description":"RUN a","key":"\#(digest("k"))"}],"version":1}"#
    let document = try #require(CacheDocument(encoded: Array(text.utf8)))
    #expect(document.steps.count == 1 && document.passing.isEmpty && document.selections.isEmpty)
  }

  @Test func aDocumentIsReadAsItWasWritten() throws {
    var document = CacheDocument()
    document.steps = [record("a", description: "RUN a")]
    document.passing = [record("c"), record("b")]
    document.selections = [CacheDocument.Selection(selection: digest("s"), content: digest("t"))]
    let read = try #require(CacheDocument(encoded: document.encoded))
    #expect(Set(read.passing.map(\.key)) == [digest("b"), digest("c")] && read.selections == document.selections)
    #expect(read.encoded == document.encoded)
  }

  @Test func aNameSaysNothingOfWhatWasDone() {
    let passing = record("a", description: "RUN secret").passing
    #expect(passing.description.isEmpty && passing.blob == nil && passing.diffID != nil && passing.key == digest("a"))
  }

  @Test func whatIsKnownByNameIsLentByNameOnly() {
    let lent = LentSteps()
    var document = CacheDocument()
    document.passing = [record("a")]
    document.selections = [CacheDocument.Selection(selection: digest("s"), content: digest("t"))]
    let lender = LentSteps.Lender(name: "l", origin: NoOrigin())
    #expect(lent.add(document, blobs: [:], from: lender) == 0)
    #expect(lent.steps(digest("a")).map(\.isWhole) == [false] && lent.content(of: digest("s")) == digest("t"))
    lender.isBroken.withLock { $0 = true }
    #expect(lent.steps(digest("a")).isEmpty && lent.content(of: digest("s")) == nil)
  }

  private struct NoOrigin: CacheOrigin {
    func document(_ descriptor: Descriptor?) async throws -> (bytes: [UInt8], mediaType: String) { ([], "") }
    func obtain(_ blob: Descriptor, progress: @escaping @Sendable (Int64) -> Void) async throws {}
  }

  // MARK: Agreement

  private func value(_ name: String, isHere: Bool = true) -> StepValue {
    .fileSystem(isHere ? FileSystem(layers: [layer(digest(name))]) : FileSystem().naming(digest(name)))
  }

  @Test func aNameThatHoldsBreaksNothing() {
    let (agreement, stage) = (NameAgreement(), step("stage"))
    agreement.took(step("copy", inputs: [stage]))
    agreement.made(stage, value("same"), earlier: value("same", isHere: false), byNames: false)
    #expect(agreement.broken().isEmpty)
  }

  @Test func aNameThatDoesNotHoldBreaksWhatWasTakenForItsSake() {
    let (agreement, stage) = (NameAgreement(), step("stage"))
    let copy = step("copy", inputs: [stage])
    agreement.took(copy)
    agreement.made(stage, value("new"), earlier: value("old", isHere: false), byNames: false)
    #expect(agreement.broken() == [ObjectIdentifier(stage)])
    agreement.made(copy, value("copied"), earlier: nil, byNames: false)
    #expect(agreement.broken().isEmpty, "the copy was made of what there is")
  }

  @Test func whatWasTakenBackIsForgotten() {
    let (agreement, stage) = (NameAgreement(), step("stage"))
    let copy = step("copy", inputs: [stage])
    agreement.took(copy)
    agreement.made(stage, value("new"), earlier: value("old", isHere: false), byNames: false)
    agreement.forget([ObjectIdentifier(copy)])
    #expect(agreement.broken().isEmpty)
  }

  // MARK: Telling

  private func told(_ body: (StepTelling) -> Void) -> [String] {
    let said = Mutex<[String]>([])
    let report = BuildReport(
      { event in
        switch event {
        case .started: said.withLock { $0.append("started") }
        case .finished(_, _, let cached, _): said.withLock { $0.append(cached ? "cached" : "done") }
        default: break
        }
      }, tellsConfiguration: false)
    body(StepTelling(report))
    return said.withLock { $0 }
  }

  @Test func aStepIsToldOnce() {
    let step = step("a")
    let told = told { telling in
      for _ in 0..<2 { telling.finish(step, value("a"), cached: true) }
      telling.release()
    }
    #expect(told == ["started", "cached"])
  }

  @Test func aNameIsToldAtTheEnd() {
    let step = step("a")
    #expect(told { $0.finish(step, value("a", isHere: false), cached: true) } == [])
    let all = told { telling in
      telling.finish(step, value("a", isHere: false), cached: true)
      telling.release()
    }
    #expect(all == ["started", "cached"])
  }

  @Test func whatIsDoneAfterAllIsToldAsThat() {
    let step = step("a")
    let fromName = told { telling in
      telling.finish(step, value("a", isHere: false), cached: true)
      telling.start(step)
      telling.make(step)
      telling.finish(step, value("a"), cached: false)
      telling.release()
    }
    #expect(fromName == ["started", "done"])
    let again = told { telling in
      telling.finish(step, value("a"), cached: true)
      telling.make(step)
      telling.finish(step, value("b"), cached: false)
    }
    #expect(again == ["started", "cached", "started", "done"])
  }
}
