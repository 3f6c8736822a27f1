// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec
import Testing

@testable import Builder

@Suite struct ProvenanceTests {
  private static let digest = Digest(sha256: Array(repeating: 7, count: 32))
  private let lines = ["FROM busybox", "COPY . /", "RUN --mount=type=secret,id=token true"]

  private func vertex(_ name: String, line: Int?) -> BuildVertex {
    var vertex = BuildVertex(id: SHA256.digest(of: name), name: name)
    vertex.location = line.map { SourceRange(startLine: $0, endLine: $0) }
    return vertex
  }

  /// `FROM busybox`, `COPY . /`, `RUN` with a secret.
  private func origin(context: Operation = .context("context", ContextSelection()), _ contextValue: StepValue? = nil) -> BuildOrigin {
    let base = Step(.image(Self.digest), vertex: vertex("base", line: 1))
    let files = Step(context, vertex: vertex("files", line: nil))
    let source = CopyStep.Source.files(input: 1, patterns: ["."])
    let copy = Step(
      .copy(CopyStep(sources: [source], destination: "/", intoDirectory: true, instruction: "COPY . /", verb: "COPY")), inputs: [base, files],
      vertex: vertex("copy", line: 2))
    var secret = RunMount()
    (secret.kind, secret.id) = (.secret, "token")
    var run = RunStep(
      arguments: ["/bin/sh", "-c", "true"], environment: ["PATH=/bin"], directory: "/", user: "", network: "none", platform: .host,
      instruction: lines[2],
      shown: "true")
    run.hiddenEnvironment = ["HTTP_PROXY=http://user:hidden@proxy"]
    run.mounts = [RunStep.Mount(mount: secret, target: "/run/secrets/token")]
    let last = Step(.run(run), inputs: [copy], vertex: vertex("run", line: 3))
    let image = ImageSource(name: "busybox", platform: .host, id: Self.digest, target: Self.digest)
    return BuildOrigin(
      target: last, platform: .host, images: [image], values: contextValue.map { [ObjectIdentifier(files): $0] } ?? [:], lines: lines,
      started: 1_000_000_000)
  }

  private func request() -> BuildRequest {
    var request = BuildRequest(id: "invocation")
    (request.arguments, request.labels, request.target) = (["A": "argued"], ["l": "labelled"], "t")
    request.versionControl = ["source": "https://user:pw@host/r.git"]
    return request
  }

  private func json(_ attributes: [String: String], _ request: BuildRequest, _ origin: BuildOrigin) throws -> (text: String, value: [String: Any]) {
    var request = request
    request.attestations = ["provenance": attributes]
    let options = try #require(try AttestationOptions(request).provenance)
    let predicate = try Provenance(request, options, origin, finished: 2_000_000_000).predicate()
    let value = try ParsedJSON.object(predicate.json)
    return (String(decoding: predicate.json, as: UTF8.self), value)
  }

  private func path(_ value: Any?, _ keys: String...) -> Any? {
    keys.reduce(value) { ($0 as? [String: Any])?[$1] }
  }

  @Test func aWholeProvenanceHasArgumentsStepsAndNamesOfSecrets() throws {
    let (text, value) = try json(["version": "v0.2"], request(), origin())
    #expect(path(value, "buildType") as? String == "https://mobyproject.org/buildkit@v1")
    #expect(path(value, "invocation", "parameters", "args", "build-arg:A") as? String == "argued")
    #expect(path(value, "invocation", "parameters", "args", "label:l") as? String == "labelled")
    #expect(path(value, "invocation", "configSource", "entryPoint") as? String == "Dockerfile")
    let secrets = path(value, "invocation", "parameters", "secrets") as? [[String: Any]]
    #expect(secrets?.first?["id"] as? String == "token")
    let steps = path(value, "buildConfig", "llbDefinition") as? [[String: Any]]
    #expect(steps?.compactMap { $0["id"] as? String } == ["step0", "step1", "step2", "step3", "step4"])
    #expect(steps?.map { $0["inputs"] as? [String] ?? [] } == [[], [], ["step0:0", "step1:0"], ["step2:0"], ["step3:0"]])
    #expect(text.contains("docker-image://docker.io/library/busybox:latest@\(Self.digest)"))
    #expect(!text.contains("hidden") && !text.contains("pw@"))
    let materials = path(value, "materials") as? [[String: Any]]
    #expect(
      materials?.first?["uri"] as? String
        == "pkg:docker/busybox@latest?platform=\(Platform.host.description.split(separator: "/").joined(separator: "%2F"))")
    #expect(path(value, "metadata", "completeness", "materials") as? Bool == false)
  }

  @Test func aSmallProvenanceHasNeitherArgumentsNorSteps() throws {
    let (text, value) = try json(["mode": "min", "version": "v1", "builder-id": "here"], request(), origin())
    #expect(!text.contains("argued") && !text.contains("labelled") && !text.contains("token") && !text.contains("llbDefinition"))
    #expect(path(value, "buildDefinition", "externalParameters", "request", "args", "target") as? String == "t")
    #expect(path(value, "runDetails", "metadata", "buildkit_completeness", "request") as? Bool == false)
    #expect(path(value, "runDetails", "metadata", "invocationId") as? String == "invocation")
    #expect(path(value, "runDetails", "builder", "id") as? String == "here")
    #expect(path(value, "runDetails", "metadata", "buildkit_metadata", "vcs", "source") as? String == "https://xxxxx:xxxxx@host/r.git")
  }

  @Test func aRepositoryIsAMaterialWithItsCommit() throws {
    let commit = String(repeating: "a", count: 40)
    let url = "https://user:pw@example.org/r.git#main:part"
    var request = self.request()
    (request.remoteContext, request.dockerfileContext) = (url, "context")
    let tree = IdentifiedTree(tree: TreePack.empty, identity: commit)
    let from = origin(context: .repository(RepositoryStep(url: url)), .tree(tree))
    let (text, value) = try json(["version": "v0.2", "complete-materials": "true"], request, from)
    #expect(path(value, "invocation", "configSource", "digest", "sha1") as? String == commit)
    #expect(path(value, "metadata", "completeness", "materials") as? Bool == true)
    #expect(path(value, "metadata", "https://mobyproject.org/buildkit@v1#hermetic") as? Bool == true)
    #expect(
      !text.contains("pw@") && (path(value, "materials") as? [[String: Any]])?.last?["uri"] as? String == "https://xxxxx:xxxxx@example.org/r.git#main"
    )
  }

  @Test func filesOfTheClientsAreNoMaterials() {
    #expect(throws: HullError.self) { _ = try json(["complete-materials": "true"], request(), origin()) }
  }

  @Test(arguments: [
    ["provenance": ["mode": "large"]], ["provenance": ["version": "v9"]], ["sbom": ["generator": "docker/scanner"]], ["other": [:]],
    ["provenance": ["reproducible": "perhaps"]],
  ]) func whatThereIsNotIsRefused(_ attestations: [String: [String: String]]) {
    var request = BuildRequest(id: "r")
    request.attestations = attestations
    #expect(throws: HullError.self) { _ = try AttestationOptions(request) }
  }

  @Test func whatIsForImagesAloneCanBeLeftOut() throws {
    var request = BuildRequest(id: "r")
    request.attestations = ["provenance": ["mode": "min", "inline-only": "true"], "sbom": ["disabled": "true"]]
    let options = try AttestationOptions(request)
    #expect(options.provenance != nil && options.packages == nil && options.withoutInlineOnly().isEmpty)
  }

  @Test func aStatementNamesWhatItIsAbout() throws {
    let predicate = try Predicate(type: "t", filename: "f", ["k": "v"])
    let value = try ParsedJSON.object(try predicate.statement([StatementSubject(name: "n", digest: Self.digest)]))
    #expect(value["_type"] as? String == "https://in-toto.io/Statement/v1" && value["predicateType"] as? String == "t")
    let subject = (value["subject"] as? [[String: Any]])?.first
    #expect(subject?["name"] as? String == "n" && path(subject, "digest", "sha256") as? String == Self.digest.hex)
  }
}
