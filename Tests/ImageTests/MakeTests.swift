// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import Testing

/// `docker import` and `docker commit`.
@Suite struct MakeTests {
  let scratch: Scratch
  let store: ImageStore

  init() throws {
    scratch = try Scratch()
    store = try scratch.store()
  }

  private func importTree(_ changes: [String] = [], tar: [UInt8]? = nil) throws -> ImageRecord {
    let tar = tar ?? RawTar.make { $0.file("etc/hostname", "h") }
    let request = ImportRequest(reference: try Reference("base"), changes: changes)
    return try store.resolve(store.importRoot(from: scratch.file(tar), request).description)
  }

  @Test func anArchiveBecomesAnImageOfOneLayer() throws {
    let tar = RawTar.make { $0.file("etc/hostname", "h") }
    let record = try importTree(tar: tar)
    #expect(record.diffIDs == [SHA256.digest(of: tar)] && record.tags.map(\.familiar) == ["base:latest"] && record.size == 1)
    #expect(record.config.comment == "Imported from -" && record.config.architecture == Platform.host.architecture)
    let history = try store.history("base")
    #expect(history.count == 1 && history[0].size == 1 && history[0].tags == ["base:latest"] && history[0].id == record.id.description)
    #expect(abs(history[0].created - Int64(Date().timeIntervalSince1970)) < 60)
  }

  @Test func aCompressedArchiveIsKeptAsItIs() throws {
    try Data(RawTar.make { $0.file("f") }).write(to: URL(fileURLWithPath: scratch("plain")))
    try scratch.run("sh", "-c", "gzip -n < plain > zipped")
    let zipped = try #require(read(scratch("zipped")))
    let record = try importTree(tar: zipped)
    #expect(try store.blobs.read(SHA256.digest(of: zipped)) == zipped)
    #expect(record.diffIDs == [SHA256.digest(of: try #require(read(scratch("plain"))))])
  }

  @Test func changesAreThoseOfADockerfile() throws {
    let record = try importTree([
      "CMD echo $HOME", #"ENTRYPOINT ["/bin/app", "-x"]"#, "ENV A=1 B='two words' C=$A", "ENV OLD style value", "EXPOSE 80 53/udp 8000-8002",
      #"LABEL a.b="c d" e=f"#, "USER 1000:100", #"VOLUME ["/data", "/more"]"#, "VOLUME /x /y", "WORKDIR /srv", "workdir app/../b",
      "STOPSIGNAL SIGINT",
      "HEALTHCHECK --interval=1m30s --timeout=500ms --retries=2 CMD curl -f localhost", "ONBUILD RUN true",
    ])
    let config = record.config.config
    #expect(config.command == ["/bin/sh", "-c", "echo $HOME"])
    #expect(config.entrypoint == ["/bin/app", "-x"])
    #expect(config.environment == ["A=1", "B=two words", "C=", "OLD=style value"])
    #expect(config.exposedPorts == ["80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp"])
    #expect(config.labels == ["a.b": "c d", "e": "f"])
    #expect(config.user == "1000:100" && config.workingDirectory == "/srv/b" && config.stopSignal == "SIGINT")
    #expect(config.volumes == ["/data", "/more", "/x", "/y"])
    #expect(config.healthcheck?.test == ["CMD-SHELL", "curl -f localhost"] && config.healthcheck?.interval == 90_000_000_000)
    #expect(config.healthcheck?.timeout == 500_000_000 && config.healthcheck?.retries == 2)
    #expect(config.onBuild == ["RUN true"])
  }

  @Test(arguments: [
    ("RUN true", "run is not a valid change command"), ("CMD", "requires at least one argument"), ("ENV A", "must have two arguments"),
    ("EXPOSE 99999", "invalid containerPort"), ("HEALTHCHECK --interval=1x CMD true", "not a duration"), ("ENV A='b", "matching single-quote"),
    ("ONBUILD FROM x", "isn't allowed"), ("HEALTHCHECK FOO", "Unknown type"),
  ])
  func wrongChangesAreRefused(change: String, message: String) throws {
    expectRefusal(message) { _ = try importTree([change]) }
    #expect(scratch.files("root").isEmpty)
  }

  @Test func aHostileRootFileSystemLeavesNothing() throws {
    expectRefusal("\"../x\"") { _ = try importTree(tar: RawTar.make { $0.file("../x") }) }
    expectRefusal("truncated") { _ = try importTree(tar: Array(RawTar.make { $0.add("f", data: Array(repeating: 1, count: 9000)) }.prefix(4000))) }
    #expect(scratch.files("root").isEmpty)
    #expect(try store.list().isEmpty)
  }

  @Test func aCommitAddsALayerOnTop() throws {
    let base = try importTree(["CMD sh", "ENV A=1"])
    try scratch.change(store.layers.lowerDirectories(base.diffIDs), "echo new > etc/new && rm etc/hostname")
    var request = CommitRequest(parent: base.id, upper: scratch("upper"), config: base.config.config, changes: ["ENV B=2"])
    request.reference = try Reference("child")
    request.comment = "because"
    request.author = "me"
    request.createdBy = "sh -c x"
    let child = try store.resolve(store.commit(request).description)
    #expect(child.parent == base.id && child.diffIDs.count == 2 && child.diffIDs[0] == base.diffIDs[0])
    #expect(child.config.config.environment == ["A=1", "B=2"] && child.config.config.command == ["/bin/sh", "-c", "sh"])
    #expect(child.config.author == "me" && child.config.history.last?.comment == "because")
    #expect(status(store.layers.lowerDirectories(child.diffIDs)[0] + "/etc/hostname")?.isWhiteout == true)
    #expect(text(store.layers.lowerDirectories(child.diffIDs)[0] + "/etc/new") == "new\n")
    expectRefusal("image has dependent child images") { _ = try store.remove(base.id.hex, force: true) { _ in [] } }
    #expect(try store.history("child").map(\.id) == [child.id.description, base.id.description])
    let removed = try store.remove("child", force: false) { _ in [] }
    #expect(removed.first == .untagged("child:latest"))
    #expect(try store.list().map(\.id) == [base.id])
  }

  @Test func aCommitWithoutChangesHasNoLayer() throws {
    let base = try importTree()
    _ = try scratch.directory("upper")
    let request = CommitRequest(parent: base.id, upper: scratch("upper"), config: base.config.config, changes: ["CMD x"])
    let child = try store.resolve(store.commit(request).description)
    #expect(child.diffIDs == base.diffIDs && child.config.history.last?.emptyLayer == true)
  }
}
