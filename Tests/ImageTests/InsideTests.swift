// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import ImageStore
import Layers
import OCISpec
import Testing

/// What of an image's layers nobody sees, and how images differ.
@Suite struct InsideTests {
  let scratch: Scratch
  let store: ImageStore

  init() throws {
    scratch = try Scratch()
    store = try scratch.store()
  }

  private func load(_ layers: [[UInt8]], _ tag: String, labels: String = "{}", members: String = #""history":[]"#) throws {
    _ = try store.load(from: scratch.file(TestImage(layers: layers, tags: [tag], labels: labels, members: members).legacy()))
  }

  private func waste(_ layers: [[UInt8]], limit: Int = 1000) throws -> [InsideLayer] {
    try load(layers, "waste:1")
    return try store.layers(of: "waste:1", limit: limit).layers
  }

  private func shown(_ file: LayerWaste.File) -> String { "\(file.path) \(file.size) \(file.reason) \(file.hiddenBy)" }

  @Test func filesThatLaterLayersHideAreWasted() throws {
    let layers = try waste([
      RawTar.make { tar in
        tar.directory("etc/")
        tar.file("etc/a", "aaa")
        tar.file("etc/b", "bbbbb")
        tar.file("etc/kept", "k")
        tar.directory("var/")
        tar.directory("var/cache/")
        tar.file("var/cache/one", "1")
        tar.file("var/cache/two", "22")
        tar.file("becomes", "directory")
      },
      RawTar.make { tar in
        tar.file("etc/a", "AAAA")
        tar.file("etc/.wh.b", "")
        tar.directory("becomes/")
        tar.file("becomes/x", "x")
      },
      RawTar.make { tar in
        tar.file("etc/a", "!")
        tar.directory("var/")
        tar.file("var/.wh.cache", "")
      },
    ])
    #expect(
      layers[0].wastedFiles.map(shown) == [
        "/becomes 9 overwritten 1", "/etc/b 5 removed 1", "/etc/a 3 overwritten 1", "/var/cache/two 2 removed 2", "/var/cache/one 1 removed 2",
      ])
    #expect(layers[1].wastedFiles.map(shown) == ["/etc/a 4 overwritten 2"])
    #expect(layers.map(\.wasted) == [20, 4, 0] && layers.map(\.size) == [21, 5, 1])
  }

  @Test func anOpaqueDirectoryHidesWhatIsBelowIt() throws {
    let layers = try waste([
      RawTar.make { tar in
        tar.directory("d/")
        tar.file("d/old", "old")
        tar.file("d/same", "same")
        tar.directory("d/deep/")
        tar.file("d/deep/er", "x")
      },
      RawTar.make { tar in
        tar.directory("d/")
        tar.file("d/.wh..wh..opq", "")
        tar.file("d/same", "again")
        tar.directory("d/deep/")
      },
    ])
    #expect(layers[0].wastedFiles.map(shown) == ["/d/same 4 overwritten 1", "/d/old 3 removed 1", "/d/deep/er 1 removed 1"])
  }

  @Test func aFileWithSeveralNamesIsWastedOnceAndOnlyWhole() throws {
    let base = RawTar.make { tar in
      tar.file("one", "12345")
      tar.hardLink("two", "one")
      tar.file("three", "123")
      tar.hardLink("four", "three")
    }
    let layers = try waste([
      base, RawTar.make { $0.file("one", "x") },
      RawTar.make { tar in
        tar.file(".wh.two", "")
        tar.file(".wh.four", "")
      },
    ])
    #expect(layers[0].wastedFiles.map(shown) == ["/one 5 removed 2"])
    #expect(layers[0].wasted == 5 && layers[0].size == 8)
  }

  @Test func sumsCountWhatIsNotListed() throws {
    let first = RawTar.make { tar in for number in 0..<300 { tar.file("f\(number)", String(repeating: "x", count: number + 1)) } }
    let second = RawTar.make { tar in for number in 0..<300 { tar.file(".wh.f\(number)", "") } }
    let layers = try waste([first, second], limit: 3)
    #expect(layers[0].wasted == 45150 && layers[0].wastedFiles.map(\.path) == ["/f299", "/f298", "/f297"])
  }

  @Test func instructionsBelongToLayersWithoutTheEmptySteps() throws {
    let steps =
      #"[{"created_by":"ADD a"},{"created_by":"ENV x","empty_layer":true},{"created_by":"RUN b"},{"created_by":"CMD c","empty_layer":true}]"#
    try load([RawTar.make { $0.file("a") }, RawTar.make { $0.file("b") }], "steps:1", members: #""history":\#(steps)"#)
    let layers = try store.layers(of: "steps:1").layers
    #expect(layers.map(\.createdBy) == ["ADD a", "RUN b"])
    #expect(layers.map { $0.blob?.size } == [2048, 2048])
    try load([RawTar.make { $0.file("a") }], "silent:1")
    #expect(try store.layers(of: "silent:1").layers.map(\.createdBy) == [""])
  }

  @Test func aLayersSizeIsThatOfItsFiles() throws {
    // The same path twice, and a directory in place of a file: an archive's sizes do not add up to what is on disk.
    try load(
      [
        RawTar.make { tar in
          tar.file("a", "long content")
          tar.file("a", "short")
          tar.file("b", "bbbb")
          tar.directory("b/")
        }
      ], "twice:1")
    #expect(try store.resolve("twice:1").size == 5 && store.layersSize() == 5)
    #expect(try store.check().problems.isEmpty)
  }

  private func difference(_ from: String, _ to: String) throws -> (changes: [String], config: [ConfigDifference]) {
    var changes: [String] = []
    var config: [ConfigDifference] = []
    try store.difference(from: from, to: to) { _, _, found in
      config = found
    } report: { change in
      changes.append("\(change.kind) \(change.path) \(change.sizeFrom) \(change.sizeTo) \(change.what.map(\.rawValue).joined(separator: ","))")
    }
    return (changes, config)
  }

  @Test func imagesDifferByPath() throws {
    let base = RawTar.make { tar in
      tar.directory("bin/")
      tar.file("bin/same", "same")
      tar.file("bin/text", "old")
      tar.add("bin/mode", data: [1], mode: 0o644)
      tar.add("bin/owner", data: [1], uid: 1)
      tar.symlink("bin/link", "here")
      tar.file("bin/kind", "k")
      tar.directory("gone/")
      tar.file("gone/too", "12")
    }
    let changed = RawTar.make { tar in
      tar.add("bin/same", data: Array("same".utf8), mtime: 5)
      tar.file("bin/text", "new")
      tar.add("bin/mode", data: [1], mode: 0o755)
      tar.add("bin/owner", data: [1], uid: 2)
      tar.symlink("bin/link", "there")
      tar.symlink("bin/kind", "k")
      tar.file(".wh.gone", "")
      tar.directory("new/")
      tar.file("new/file", "123")
    }
    try load([base], "a:1")
    try load([base, changed], "a:2")
    let found = try difference("a:1", "a:2").changes
    #expect(
      found == [
        "changed /bin/kind 1 0 type", "changed /bin/link 0 0 link", "changed /bin/mode 1 1 mode", "changed /bin/owner 1 1 owner",
        "changed /bin/text 3 3 content", "removed /gone 0 0 ", "removed /gone/too 2 0 ", "added /new 0 0 ", "added /new/file 0 3 ",
      ])
    let back = try difference("a:2", "a:1").changes
    #expect(back.count == found.count && back.contains("added /gone/too 0 2 ") && back.contains("removed /new/file 3 0 "))
    #expect(try difference("a:1", "a:1").changes.isEmpty)
  }

  @Test func theSameFilesInOtherLayersAreNoDifference() throws {
    try load([RawTar.make { $0.file("a", "1") }, RawTar.make { $0.file("b", "2") }], "two:1")
    try load(
      [
        RawTar.make { tar in
          tar.file("b", "2")
          tar.file("a", "1")
        }
      ], "one:1")
    #expect(try difference("two:1", "one:1").changes.isEmpty)
  }

  @Test func anUnionIsComparedAsItIsSeen() throws {
    let base = RawTar.make { tar in
      tar.directory("d/")
      tar.file("d/hidden", "1")
      tar.file("d/seen", "2")
    }
    let opaque = RawTar.make { tar in
      tar.directory("d/")
      tar.file("d/.wh..wh..opq", "")
      tar.file("d/seen", "2")
    }
    try load([base, opaque], "opaque:1")
    try load(
      [
        RawTar.make { tar in
          tar.directory("d/")
          tar.file("d/seen", "2")
        }
      ], "flat:1")
    #expect(try difference("opaque:1", "flat:1").changes.isEmpty)
    try load([base], "base:1")
    #expect(try difference("base:1", "opaque:1").changes == ["removed /d/hidden 1 0 "])
  }

  @Test func configurationsDifferByMember() throws {
    let layer = RawTar.make { $0.file("a") }
    try load([layer], "c:1", labels: #"{"version":"1","same":"x"}"#)
    try load([layer], "c:2", labels: #"{"version":"2","same":"x","new":"y"}"#)
    let config = try difference("c:1", "c:2").config
    #expect(config.map { [$0.field, $0.from, $0.to] } == [["Labels.new", "", "y"], ["Labels.version", "1", "2"]])
  }
}
