// SPDX-License-Identifier: Apache-2.0
import Archive
import Builder
import Dockerfile
import OCISpec
import Testing

@Suite("The text of Docker's first builder")
struct ClassicBuildTextTests {
  private func vertex(_ step: Int, _ instruction: String, of steps: Int = 3, metadata: Bool = false) -> BuildVertex {
    var vertex = BuildVertex(id: SHA256.digest(of: "vertex \(step)"), name: "[\(step)/\(steps)] \(instruction)")
    (vertex.step, vertex.steps, vertex.instruction, vertex.isMetadata) = (step, steps, instruction, metadata)
    return vertex
  }

  private func text(_ lines: [ClassicBuildText.Line]) -> String {
    lines.map { line in
      switch line {
      case .text(let text): text
      case .errorText(let text): "<\(text)>"
      case .progress(let id, _, _, _): "(\(id))"
      }
    }.joined()
  }

  private func short(_ vertex: BuildVertex) -> String { vertex.id.short }

  private func done(_ vertex: BuildVertex, cached: Bool = false, error: String? = nil) -> BuildEvent {
    .finished(vertex.id, time: 2, cached: cached, error: error)
  }

  private func written(_ vertex: BuildVertex, _ bytes: String, stream: Int = 1) -> BuildEvent {
    .output(vertex.id, stream: stream, bytes: Array(bytes.utf8), time: 1)
  }

  @Test func aBuildInOrderReadsAsDockersOwn() {
    let (from, run) = (vertex(1, "FROM busybox", of: 2), vertex(2, "RUN echo hi", of: 2))
    var classic = ClassicBuildText(removesContainers: true)
    let events: [BuildEvent] = [
      .planned([from, run]), .started(from.id, time: 0), .result(from.id, id: "sha256:" + String(repeating: "ab", count: 32)), done(from),
      .started(run.id, time: 0), written(run, "hi\n"), written(run, "ho\n", stream: 2), done(run),
    ]
    let said = text(events.flatMap { classic.add($0) } + classic.succeed(image: "sha256:0123456789abcdef", tags: ["app:latest"]))
    let id = short(run)
    #expect(
      said == """
        Step 1/2 : FROM busybox
         ---> abababababab
        Step 2/2 : RUN echo hi
         ---> Running in \(id)
        hi
        <ho
        > ---> Removed intermediate container \(id)
         ---> \(id)
        Successfully built 0123456789ab
        Successfully tagged app:latest

        """)
  }

  @Test func stepsThatRunAtOnceAreToldInTheOrderOfTheInstructions() {
    let steps = [vertex(1, "FROM a"), vertex(2, "RUN one"), vertex(3, "RUN two")]
    var classic = ClassicBuildText(removesContainers: false)
    _ = classic.add(.planned(steps))
    _ = classic.add(.started(steps[0].id, time: 0))
    #expect(text(classic.add(written(steps[2], "second\n"))) == "")
    #expect(text(classic.add(written(steps[1], "first\n"))) == "")
    #expect(text(classic.add(done(steps[2]))) == "")
    let said = text(classic.add(done(steps[0])))
    #expect(said.hasSuffix("Step 2/3 : RUN one\n ---> Running in \(short(steps[1]))\nfirst\n"))
    let rest = text(classic.add(done(steps[1])))
    #expect(rest == " ---> \(short(steps[1]))\nStep 3/3 : RUN two\n ---> Running in \(short(steps[2]))\nsecond\n ---> \(short(steps[2]))\n")
  }

  @Test func whatWasCachedSaysSo() {
    let steps = [vertex(1, "FROM a"), vertex(2, "COPY . /"), vertex(3, "ENV a=b", metadata: true)]
    var classic = ClassicBuildText(removesContainers: true)
    _ = classic.add(.planned(steps))
    _ = classic.add(done(steps[0], cached: true))
    _ = classic.add(done(steps[2], cached: true))
    #expect(
      text(classic.add(done(steps[1], cached: true)))
        == "Step 2/3 : COPY . /\n ---> Using cache\n ---> \(short(steps[1]))\nStep 3/3 : ENV a=b\n ---> Using cache\n ---> \(short(steps[2]))\n")
  }

  @Test func aFailureTellsEverythingUpToItAndNothingBehind() {
    let steps = [vertex(1, "FROM a"), vertex(2, "RUN slow"), vertex(3, "RUN exit 3"), vertex(4, "RUN never")]
    var classic = ClassicBuildText(removesContainers: true)
    _ = classic.add(.planned(steps))
    _ = classic.add(done(steps[0]))
    _ = classic.add(written(steps[1], "half\n"))
    _ = classic.add(written(steps[3], "behind\n"))
    _ = classic.add(done(steps[2], error: "exit code: 3"))
    let said = text(classic.fail())
    #expect(said == "Step 3/3 : RUN exit 3\n ---> Running in \(short(steps[2]))\n")
  }

  @Test func onlyWarningsWithoutARuleAreTold() {
    var classic = ClassicBuildText(removesContainers: true)
    func warning(_ rule: String) -> BuildEvent {
      .warning(nil, BuildWarning(rule: rule, description: "", message: "One or more build-args [x] were not consumed", url: "", location: nil))
    }
    #expect(text(classic.add(warning(""))) == "[Warning] One or more build-args [x] were not consumed\n")
    #expect(text(classic.add(warning("StageNameCasing"))) == "")
  }

  @Test func internalStepsAreNotTold() {
    var classic = ClassicBuildText(removesContainers: true)
    let load = BuildVertex(id: SHA256.digest(of: "load"), name: "[internal] load build context")
    let said = [BuildEvent.planned([load]), .started(load.id, time: 0), done(load)].flatMap { classic.add($0) }
    #expect(said.isEmpty)
  }
}
