// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import OCISpec
import Testing

@testable import Builder

@Suite("What steps use of contexts")
struct ContextUsesTests {
  private func vertex(_ name: String) -> BuildVertex { BuildVertex(id: SHA256.digest(of: name), name: name) }

  private var scratch: Step { Step(.scratch, vertex: vertex("scratch")) }

  private func context(_ name: String = "context") -> Step { Step(.context(name, ContextSelection()), vertex: vertex(name)) }

  private func copy(_ patterns: [String], from source: Step, onto base: Step) -> Step {
    let step = CopyStep(sources: [.files(input: 1, patterns: patterns)], destination: "/", intoDirectory: true, instruction: "COPY", verb: "COPY")
    return Step(.copy(step), inputs: [base, source], vertex: vertex("copy"))
  }

  @Test func whatCopiesTakeIsKnown() {
    let main = context()
    let first = copy(["/src/*.c", "./a/../b/"], from: main, onto: scratch)
    let uses = ContextUses([copy(["c"], from: main, onto: first), copy(["d"], from: context("other"), onto: scratch)])
    #expect(uses.followed("context") == ["b", "c", "src/*.c"])
    #expect(uses.followed("other") == ["d"])
  }

  @Test(arguments: [".", "/", "a/.."]) func theWholeIsNoSelection(_ source: String) {
    let main = context()
    #expect(ContextUses([copy(["a"], from: main, onto: copy([source], from: main, onto: scratch))]).followed("context").isEmpty)
    #expect(ContextUses([copy([source], from: main, onto: copy(["a"], from: main, onto: scratch))]).followed("context").isEmpty)
  }

  @Test func whatMountsShowIsKnown() {
    var run = RunStep(arguments: [], environment: [], directory: "/", user: "", network: "", instruction: "RUN", shown: "RUN")
    var mount = RunMount()
    mount.source = "/in/foo"
    run.mounts = [RunStep.Mount(mount: mount, target: "/x", input: 1)]
    let main = context()
    let step = Step(.run(run), inputs: [scratch, main], vertex: vertex("run"))
    #expect(ContextUses([step]).followed("context") == ["in/foo"])
    run.mounts[0].mount.source = nil
    #expect(ContextUses([Step(.run(run), inputs: [step, main], vertex: vertex("run"))]).followed("context").isEmpty)
  }

  @Test(arguments: ["file[1].txt", "a\\b", "!a", "a/*"]) func aPathThatIsAnotherPatternIsNoSelection(_ path: String) {
    let main = context()
    var literal = CopyStep(
      sources: [.files(input: 1, patterns: [path])], destination: "/", intoDirectory: true, instruction: "copy", verb: "copy")
    literal.details.isLiteral = true
    #expect(ContextUses([Step(.copy(literal), inputs: [scratch, main], vertex: vertex("copy"))]).followed("context").isEmpty)
    var run = RunStep(arguments: [], environment: [], directory: "/", user: "", network: "", instruction: "RUN", shown: "RUN")
    var mount = RunMount()
    mount.source = path
    run.mounts = [RunStep.Mount(mount: mount, target: "/x", input: 1)]
    #expect(ContextUses([Step(.run(run), inputs: [scratch, main], vertex: vertex("run"))]).followed("context").isEmpty)
    #expect(ContextUses([copy([path], from: main, onto: scratch)]).followed("context") == [path])
  }

  @Test(arguments: [CopyStep.Source.repository(input: 1), .download(input: 1, name: "a")])
  func whatStandsForFilesFromElsewhereIsWanted(_ source: CopyStep.Source) {
    let step = CopyStep(
      sources: [.files(input: 1, patterns: ["a"]), source], destination: "/", intoDirectory: true, instruction: "ADD", verb: "ADD")
    #expect(ContextUses([Step(.copy(step), inputs: [scratch, context()], vertex: vertex("add"))]).followed("context").isEmpty)
  }

  @Test func aContextThatIsTheResultIsWanted() { #expect(ContextUses([context()]).followed("context").isEmpty) }
}
