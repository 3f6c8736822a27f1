// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildWire
import Errors
import Testing

@testable import Builder

@Suite("A context of which only changes are sent")
struct SyncedTreeTests {
  private let store = ContextStore()

  private func file(_ path: String, changed: Int64 = 1, size: Int64 = 5) -> ListedFile {
    var file = ListedFile(kind: .regular, path: path, mode: 0o644)
    (file.changed, file.modified, file.size, file.inode) = (changed, changed, size, 7)
    return file
  }

  /// Lists and sends; gives the tree and the paths that were asked for.
  private func send(
    _ files: [ListedFile], _ contents: [String: String], at time: Int64 = 10_000_000_000,
    followed: [String] = []
  ) throws -> (any FileTree, [String]) {
    var selection = ContextSelection()
    selection.followed = followed
    let reception = ContextReception(ContextKey(directory: "key", selection), store: store, keptIn: "/tmp")
    var listing: [UInt8] = []
    for file in files { file.append(to: &listing) }
    try reception.list(listing)
    let (tree, wanted) = try reception.listed(at: time)
    if let tree { return (tree, []) }
    for number in wanted {
      try reception.file(Int(number))
      if let text = contents[files[Int(number)].path] { try reception.data(Array(text.utf8)) }
    }
    return (try reception.finish(), wanted.map { files[Int($0)].path })
  }

  private func text(_ tree: any FileTree, _ path: String) throws -> String {
    var bytes: [UInt8] = []
    try tree.read(path) { bytes += Array($0) }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func theSecondTimeNothingIsSent() throws {
    let files = [file("a"), file("d/b")]
    let (first, sent) = try send(files, ["a": "alpha", "d/b": "beta."])
    #expect(sent == ["a", "d/b"])
    let (second, sentAgain) = try send(files, [:])
    #expect(sentAgain.isEmpty)
    #expect(try text(second, "d/b") == "beta.")
    #expect(try first.digest("a") == second.digest("a"))
    #expect(try second.names(in: "") == ["a", "d"])
  }

  @Test func onlyWhatChangedIsSent() throws {
    _ = try send([file("a"), file("b")], ["a": "alpha", "b": "beta."])
    let (tree, sent) = try send([file("a"), file("b", changed: 2), file("c")], ["b": "BETA.", "c": "gamma"])
    #expect(sent == ["b", "c"])
    #expect(try text(tree, "a") == "alpha")
    #expect(try text(tree, "b") == "BETA.")
    let (later, sentLater) = try send([file("a"), file("c")], [:])
    #expect(sentLater.isEmpty)
    #expect(try later.node("b") == nil)
    #expect(try text(later, "c") == "gamma")
  }

  @Test func aFileThatWasJustChangedIsSentAgain() throws {
    let fresh = [file("a", changed: 10_000_000_000)]
    _ = try send(fresh, ["a": "alpha"])
    let (_, sent) = try send(fresh, ["a": "alphb"], at: 20_000_000_000)
    #expect(sent == ["a"])
  }

  @Test func whatWasSentCountsAndNotWhatWasListed() throws {
    let (tree, _) = try send([file("a", size: 5)], ["a": "longer than it was"])
    #expect(try tree.node("a")?.size == 18)
  }

  @Test func aListingThatLeadsOutIsRefused() throws {
    #expect(throws: HullError.self) { try send([file("../a")], [:]) }
    #expect(throws: HullError.self) { try send([file("a//b")], [:]) }
    #expect(throws: HullError.self) { try ListedFile.parse([0, 1, 2]) }
  }

  @Test func bytesThatNobodyAskedForAreRefused() throws {
    let reception = ContextReception(ContextKey(directory: "other"), store: store, keptIn: "/tmp")
    _ = try reception.listed(at: 1)
    #expect(throws: HullError.self) { try reception.data([1]) }
    #expect(throws: HullError.self) { try reception.file(0) }
  }

  @Test func aContextThatNobodyBuildsFromIsForgotten() async throws {
    let store = ContextStore(patience: .milliseconds(10))
    let reception = ContextReception(ContextKey(directory: "key"), store: store, keptIn: "/tmp")
    var listing: [UInt8] = []
    file("a").append(to: &listing)
    try reception.list(listing)
    _ = try reception.listed(at: 10_000_000_000)
    try reception.file(0)
    try reception.data([1])
    _ = try reception.finish()
    while store.tree(ContextKey(directory: "key")) != nil { await Task.yield() }
  }

  @Test func keptContextsAreLinesOfTheCache() throws {
    var tree: (any FileTree)? = try send([file("a"), file("b")], ["a": "alpha", "b": "beta."]).0
    let used = try #require(store.records().first)
    #expect(used.kind == .localSource && used.size == 10 && used.uses == 1 && used.description == "local source for context" && used.isMutable)
    #expect(used.inUse && tree != nil)
    tree = nil
    #expect(try #require(store.records().first).inUse == false)
    _ = try send([file("a"), file("b", changed: 2)], ["b": "BETA."])
    let again = try #require(store.records().first)
    // What was replaced is still on the disk.
    #expect(store.records().count == 1 && again.size == 15 && again.uses == 2 && again.id == used.id && again.created == used.created)
    #expect(store.remove(again.id) && store.records().isEmpty && !store.remove(again.id))
  }

  @Test func kindsThatChangeAreSentAgain() throws {
    var link = ListedFile(kind: .symbolicLink, path: "a", mode: 0o777)
    link.link = "b"
    _ = try send([link, file("b")], ["b": "beta."])
    let (tree, sent) = try send([file("a"), file("b")], ["a": "alpha"])
    #expect(sent == ["a"])
    #expect(try tree.node("a")?.link == "")
    #expect(try text(tree, "a") == "alpha")
  }

  @Test func whatCameForAnotherSelectionIsNotSentAgain() throws {
    _ = try send([file("a"), file("b"), file("c")], ["a": "alpha", "b": "beta.", "c": "gamma"])
    let (part, sent) = try send([file("b")], [:], followed: ["b"])
    #expect(sent.isEmpty && part is SyncedTree)
    #expect(try text(part, "b") == "beta." && part.node("a") == nil)
    let (_, sentLater) = try send([file("a"), file("b"), file("d")], ["d": "delta"], followed: ["a", "b", "d"])
    #expect(sentLater == ["d"])
  }
}
