// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Errors
import Foundation
import SwiftProtobuf
import Testing

@testable import BuildKitAPI

@Suite("Clients' graphs are read")
struct GraphReaderTests {
  private func source(_ identifier: String, _ attributes: [String: String] = [:]) -> LLBOp {
    var op = LLBOp()
    (op.source.identifier, op.source.attrs) = (identifier, attributes)
    return op
  }

  /// A graph of operations, each of which works on those whose numbers are given.
  private func definition(_ ops: [(LLBOp, [Int])]) throws -> LLBDefinition {
    var definition = LLBDefinition()
    var digests: [String] = []
    for (op, inputs) in ops + [(LLBOp(), [ops.count - 1])] {
      var op = op
      op.inputs = inputs.map { number in
        var input = LLBInput()
        input.digest = digests[number]
        return input
      }
      let bytes: [UInt8] = try op.serializedBytes()
      definition.def.append(Data(bytes))
      digests.append(SHA256.digest(of: bytes).description)
    }
    return definition
  }

  private func read(_ ops: [(LLBOp, [Int])]) throws -> GraphEdge? { try GraphReader.root(definition(ops), made: [:]) }

  @Test func sourcesAreRead() throws {
    guard case .image(let name, nil)? = try read([(source("docker-image://docker.io/library/busybox:latest"), [])])?.node.operation else {
      throw HullError(.internalError, "no image")
    }
    #expect(name == "docker.io/library/busybox:latest")
    let attributes = ["local.includepattern": #"["a","b"]"#, "local.excludepatterns": #"["c"]"#]
    guard case .context("files", let selection)? = try read([(source("local://files", attributes), [])])?.node.operation else {
      throw HullError(.internalError, "no files")
    }
    #expect(selection.includes == ["a", "b"] && selection.excludes == ["c"] && selection.followed.isEmpty)
    let fullURL = ["git.fullurl": "https://example.com/r.git", "git.keepgitdir": "true"]
    guard
      case .repository("https://example.com/r.git#v1:sub", true, nil)? = try read([(source("git://example.com/r.git#v1:sub", fullURL), [])])?
        .node.operation
    else { throw HullError(.internalError, "no repository") }
    let digest = SHA256.digest(of: "x")
    guard case .layout(let address)? = try read([(source("oci-layout://name@\(digest)", ["oci.store": "kept"]), [])])?.node.operation else {
      throw HullError(.internalError, "no layout")
    }
    #expect(address.store == "kept" && address.digest == digest)
  }

  @Test func downloadsAreRead() throws {
    let asked = ["http.perm": "0755", "http.uid": "7", "http.authheadersecret": "key", "http.header.accept": "text/plain", "http.header.cookie": "x"]
    let download = source("https://example.com/a/b.tar?x=1", asked)
    guard case .download(let file)? = try read([(download, [])])?.node.operation else { throw HullError(.internalError, "no download") }
    #expect((file.name, file.mode, file.uid, file.gid) == ("b.tar", 0o755, 7, 0))
    #expect(file.step.secret == "key" && file.step.headers == ["accept": "text/plain"])
  }

  @Test(arguments: [("https://h/f", "http.sig.pubkey"), ("https://h/f", "http.sig.signature"), ("git://h/r.git", "git.sig.pubkey")])
  func signaturesThatCannotBeVerifiedAreNotPassedOver(_ name: String, _ attribute: String) throws {
    let error = #expect(throws: HullError.self) { try read([(source(name, [attribute: "key"]), [])]) }
    #expect(error?.code == .unsupported)
  }

  @Test func commandsAreRead() throws {
    var op = LLBOp()
    (op.exec.meta.args, op.exec.meta.cwd, op.exec.meta.validExitCodes) = (["a", "b"], "/w", [0, 9])
    (op.exec.network, op.exec.security) = (.none, .insecure)
    op.exec.meta.proxyEnv.httpProxy = "p"
    var (out, root, cache) = (LLBMount(), LLBMount(), LLBMount())
    (out.dest, out.input, out.output) = ("/out", -1, 1)
    (cache.dest, cache.input, cache.output, cache.mountType, cache.cacheOpt.id, cache.cacheOpt.sharing) = ("/c", -1, -1, .cache, "id", .locked)
    root.dest = "/"
    op.exec.mounts = [out, root, cache]
    var variable = LLBSecretEnv()
    (variable.id, variable.name) = ("token", "TOKEN")
    op.exec.secretenv = [variable]
    guard case .run(let run)? = try read([(source("docker-image://a"), []), (op, [0])])?.node.operation else {
      throw HullError(.internalError, "none")
    }
    #expect((run.arguments, run.directory, run.network, run.insecure, run.exitCodes) == (["a", "b"], "/w", "none", true, [0, 9]))
    #expect(run.hiddenEnvironment == ["HTTP_PROXY=p", "http_proxy=p"])
    #expect(run.mounts.map(\.target) == ["/", "/c", "/out", ""] && run.mounts.map(\.output) == [0, nil, 1, nil])
    #expect(run.mounts.map(\.input) == [0, nil, nil, nil] && run.mounts[1].mount.sharing == .locked && run.mounts[3].mount.environment == "TOKEN")
  }

  @Test func commandsHaveLimitsOfTheirOwn() throws {
    var op = LLBOp()
    op.exec.meta.args = ["a"]
    var limit = LLBUlimit()
    (limit.name, limit.soft, limit.hard) = ("nofile", 10, 20)
    (op.exec.meta.ulimit, op.exec.meta.cgroupParent) = ([limit], "of-the-command")
    var definition = try definition([(op, [])])
    var metadata = LLBOpMetadata()
    (metadata.linuxResources.memory, metadata.linuxResources.cpuShares, metadata.linuxResources.cpusetCpus) = (1 << 20, 100, "0")
    definition.metadata[SHA256.digest(of: Array(definition.def[0])).description] = metadata
    guard case .run(let run)? = try GraphReader.root(definition, made: [:])?.node.operation else { throw HullError(.internalError, "none") }
    #expect(run.limits.ulimits == [.init(name: "nofile", soft: 10, hard: 20)] && run.limits.cgroupParent == "of-the-command")
    #expect((run.limits.memory, run.limits.cpuShares, run.limits.cpusetCpus) == (1 << 20, 100, "0"))
  }

  @Test func directoriesAreMountedBeforeWhatIsInThem() throws {
    var op = LLBOp()
    op.exec.mounts = ["/b", "/a/x", "/", "/a", "/b"].enumerated().map { number, target in
      var mount = LLBMount()
      (mount.dest, mount.input, mount.output) = (target, -1, Int64(number))
      return mount
    }
    guard case .run(let run)? = try read([(op, [])])?.node.operation else { throw HullError(.internalError, "none") }
    #expect(run.mounts.map(\.target) == ["/", "/a", "/a/x", "/b", "/b"] && run.mounts.map(\.output) == [2, 3, 1, 0, 4])
  }

  @Test func whatIsSaidOfARepositoryBelongsToItsAddress() throws {
    let attributes = [
      "git.fullurl": "https://github.com/o/r", "git.skipsubmodules": "true", "git.mtime": "checkout", "git.fetchbycommit": "true",
      "git.checksum": "abc",
    ]
    guard case .repository(let url, false, "abc"?)? = try read([(source("git://github.com/o/r#main", attributes), [])])?.node.operation else {
      throw HullError(.internalError, "no repository")
    }
    #expect(url == "https://github.com/o/r?submodules=false&fetch-by-commit=true&mtime=checkout#main")
    let own = source("git://h/r.git#main", ["git.fullurl": "https://h/r.git?keep-git-dir=true", "git.mtime": "commit", "git.checksum": "abc"])
    #expect(GitAttributes(own.source).address(isWhole: true) == "https://h/r.git?keep-git-dir=true&checksum=abc&mtime=commit#main")
  }

  @Test func graphsMayBeNeitherTooDeepNorTooLarge() throws {
    var action = LLBFileAction()
    (action.input, action.secondaryInput, action.output, action.mkdir.path) = (0, -1, 0, "/d")
    let image = (source("docker-image://a"), [Int]())
    func changes(_ count: Int) -> LLBOp {
      var op = LLBOp()
      op.file.actions = Array(repeating: action, count: count)
      return op
    }
    func chain(_ length: Int) -> [(LLBOp, [Int])] { [image] + (0..<length).map { (changes(1), [$0]) } }
    _ = try read(chain(999))
    #expect(throws: HullError.self) { try read(chain(1_000)) }
    #expect(throws: HullError.self) { try read([image, (changes(1_000), [0])]) }
    #expect(throws: HullError.self) { try read([image] + Array(repeating: (changes(900), [0]), count: 23)) }
    _ = try read([image] + Array(repeating: (changes(900), [0]), count: 22))
  }

  @Test func changesOfFilesAreRead() throws {
    var op = LLBOp()
    var (make, copy) = (LLBFileAction(), LLBFileAction())
    (make.input, make.secondaryInput, make.output, make.mkfile.path, make.mkfile.mode) = (-1, -1, -1, "/f", 0o600)
    make.mkfile.timestamp = 5
    make.mkfile.owner.user.byID = 7
    make.mkfile.owner.group.byName.name = "staff"
    (copy.input, copy.secondaryInput, copy.output, copy.copy.src, copy.copy.dest, copy.copy.mode) = (1, 0, 0, "/a", "/b", -1)
    copy.copy.timestamp = -1
    op.file.actions = [make, copy]
    guard case .change(let changes)? = try read([(source("docker-image://a"), []), (op, [0])])?.node.operation else {
      throw HullError(.internalError, "no changes")
    }
    #expect((changes[0].owner, changes[0].time, changes[0].output) == ("7:staff", 5, nil))
    #expect((changes[1].owner, changes[1].time, changes[1].output) == (nil, nil, 0))
    guard case .nothing = changes[0].base, case .change(0) = changes[1].base, case .input(0) = changes[1].other,
      case .copy(let read) = changes[1].action
    else { throw HullError(.internalError, "wrong places") }
    #expect(read.mode == nil && !read.copiesContents)
  }

  @Test func namesAreTheClientsOwn() throws {
    var graph = try definition([(source("docker-image://a"), [])])
    var metadata = LLBOpMetadata()
    (metadata.description_p, metadata.ignoreCache) = (["llb.customname": "my image"], true)
    graph.metadata[SHA256.digest(of: Array(graph.def[0])).description] = metadata
    let node = try GraphReader.root(graph, made: [:])?.node
    #expect(node?.name == "my image" && node?.ignoresCache == true)
  }

  @Test func anEmptyGraphIsNothing() throws {
    #expect(try GraphReader.root(LLBDefinition(), made: [:]) == nil)
  }

  @Test func graphsThatAreNoneAreRefused() throws {
    var definition = LLBDefinition()
    definition.def = [Data([0xFF])]
    #expect(throws: HullError.self) { try GraphReader.root(definition, made: [:]) }
    var lost = LLBOp()
    lost.inputs = [LLBInput()]
    definition.def = [try lost.serializedBytes()]
    #expect(throws: HullError.self) { try GraphReader.root(definition, made: [:]) }
    for identifier in ["nothing", "ftp://x", "hull-result://gone/1"] {
      #expect(throws: HullError.self) { try read([(source(identifier), [])]) }
    }
    #expect(throws: HullError.self) { try read([(LLBOp(), [])]) }
  }

  @Test func resultsOfOtherBuildsAreFound() throws {
    let graph = try definition([(source("hull-result://ref/1#linux/amd64"), []), (source("docker-image://a"), [])])
    #expect(GraphReader.results(in: graph) == ["ref/1#linux/amd64"])
    #expect(ResultReference.name(in: graph) == nil)
  }
}
