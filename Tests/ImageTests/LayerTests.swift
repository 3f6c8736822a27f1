// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import Layers
import LinuxSystem
import OCISpec
import Testing

@Suite struct LayerTests {
  let scratch: Scratch
  let store: LayerStore

  init() throws {
    scratch = try Scratch()
    store = try LayerStore(root: scratch("layers"))
  }

  /// Unpacks a stack; the directories, topmost first.
  private func stack(_ layers: [[UInt8]]) throws -> [String] {
    let diffIDs = layers.map(SHA256.digest(of:))
    let chains = LayerStore.chains(diffIDs)
    for (index, layer) in layers.enumerated() {
      let lower = Array(chains[..<index].reversed().map(store.path(of:)))
      let stack = lower.isEmpty ? nil : LowerStack { () throws(HullError) in lower }
      _ = try store.unpack(chains[index], diffID: diffIDs[index], above: stack) { () throws(HullError) in PrefixedSource(layer) }
    }
    return store.lowerDirectories(diffIDs)
  }

  /// The union of the layers as a process would see it: names, and the contents of files.
  private func union(_ lower: [String]) throws -> [String: String] {
    let mount = try UnionMount.detached(lower: lower)
    let file = open(scratch("union.tar"), O_RDWR | O_CREAT | O_TRUNC, 0o600)
    defer { close(file) }
    try ArchiveFiles.pack(root: mount.number, to: file)
    let found = try entries(#require(read(scratch("union.tar"))))
    return Dictionary(uniqueKeysWithValues: found.map { (String(decoding: $0.entry.path, as: UTF8.self), String(decoding: $0.data, as: UTF8.self)) })
  }

  @Test func whiteoutsHideWhatLiesBelow() throws {
    let below = RawTar.make { tar in
      for name in ["keep", "gone", "dir/a", "dir/b", "opaque/old", "back/old"] { tar.file(name, "1") }
    }
    let above = RawTar.make { tar in
      tar.file(".wh.gone")
      tar.file("dir/.wh.a")
      tar.directory("opaque")
      tar.file("opaque/.wh..wh..opq")
      tar.file("opaque/new", "2")
      tar.file(".wh.back")
      tar.file("back/new", "2")
      tar.file(".wh..wh.plnk/1.2", "aufs")
      tar.file(".wh..wh.aufs", "aufs")
    }
    let lower = try stack([below, above])
    #expect(try union(lower) == ["keep": "1", "dir/": "", "dir/b": "1", "opaque/": "", "opaque/new": "2", "back/": "", "back/new": "2"])
    #expect(try #require(status(lower[0] + "/gone")).isWhiteout)
  }

  @Test func theOrderOfWhiteoutAndContentDoesNotMatter() throws {
    let below = RawTar.make { $0.file("d/old", "1") }
    let above = RawTar.make { tar in
      tar.file("d/new", "2")
      tar.file(".wh.d")
    }
    #expect(try union(stack([below, above])) == ["d/": "", "d/new": "2"])
  }

  @Test func theLowestLayerHasNothingToHide() throws {
    let lower = try stack([
      RawTar.make { tar in
        tar.file(".wh.ghost")
        tar.file("f", "1")
      }
    ])
    #expect(try union(lower) == ["f": "1"])
    #expect(status(lower[0] + "/ghost") == nil)
  }

  @Test func aDirectoryThatALayerLeavesOutLooksAsBelow() throws {
    let below = RawTar.make { tar in
      tar.add("srv/private", type: "5", mode: 0o2750, uid: 7, gid: 8, mtime: 5000)
    }
    let lower = try stack([below, RawTar.make { $0.file("srv/private/new") }])
    let private_ = try #require(status(lower[0] + "/srv/private"))
    #expect(private_.st_mode & 0o7777 == 0o2750 && private_.st_uid == 7 && private_.st_gid == 8 && private_.st_mtim.tv_sec == 5000)
  }

  @Test(arguments: [".wh.", ".wh..", ".wh..."])
  func whiteoutsOfNothingAreRefused(name: String) throws {
    let lower = RawTar.make { $0.file("a") }
    expectRefusal("hides nothing") { _ = try stack([lower, RawTar.make { $0.file("d/" + name) }]) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("layers")) == [SHA256.digest(of: lower).hex])
  }

  @Test func aLayerIsUnpackedOnceHoweverManyWantIt() async throws {
    let layers = (0..<4).map { number in RawTar.make { tar in for index in 0..<300 { tar.file("l\(number)/f\(index)", "x") } } }
    let stack: @Sendable () throws -> [String] = { try self.stack(layers) }
    let all = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<8 { group.addTask { try stack() } }
      var results: Set<[String]> = []
      for try await result in group { results.insert(result) }
      return results
    }
    #expect(all.count == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("layers")).count == 4)
  }

  @Test func aWrongDiffIDLeavesNothing() throws {
    let layer = RawTar.make { $0.file("f") }
    let wrong = SHA256.digest(of: "other")
    expectRefusal("wrong diff ID", wrong.description, SHA256.digest(of: layer).description) {
      _ = try store.unpack(wrong, diffID: wrong, above: nil) { () throws(HullError) in PrefixedSource(layer) }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("layers")).isEmpty)
  }

  @Test func whatAnInterruptedRunWasUnpackingIsGone() throws {
    let file = "layers/.new-dead/fs/x"
    try FileManager.default.createDirectory(atPath: scratch(file), withIntermediateDirectories: true)
    _ = try LayerStore(root: scratch("layers"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("layers")).isEmpty)
  }

  @Test func layersThatAreUnpackedTopFirstLookTheSame() async throws {
    let layers = [
      RawTar.make { tar in tar.add("srv/private", type: "5", mode: 0o2750, uid: 7, gid: 8, mtime: 5000) },
      RawTar.make { $0.file("srv/private/new") },
    ]
    let (store, diffIDs) = (store, layers.map(SHA256.digest(of:)))
    let chains = LayerStore.chains(diffIDs)
    let lowest = Monitor(false)
    let above = LowerStack { () throws(HullError) in
      _ = lowest.wait { $0 ? true : nil }
      return [store.path(of: chains[0])]
    }
    // The upper one leaves its directory out: it has to wait until the lower one is there, and does so only then.
    async let upper = Task.detached {
      try store.unpack(chains[1], diffID: diffIDs[1], above: above) { () throws(HullError) in PrefixedSource(layers[1]) }
    }.value
    _ = try store.unpack(chains[0], diffID: diffIDs[0], above: nil) { () throws(HullError) in PrefixedSource(layers[0]) }
    lowest.with { $0 = true }
    _ = try await upper
    let folder = try #require(status(store.path(of: chains[1]) + "/srv/private"))
    #expect(folder.st_mode & 0o7777 == 0o2750 && folder.st_uid == 7 && folder.st_mtim.tv_sec == 5000)
  }

  @Test func aContainersChangesAreThoseOfDockerDiff() throws {
    let lower = try stack([
      RawTar.make { tar in
        for name in ["etc/passwd", "etc/same", "var/log/x", "old/a", "old/b", "etc/gone"] { tar.file(name, "1") }
      }
    ])
    try scratch.change(
      lower,
      """
      echo 2 > etc/passwd && rm etc/gone && mkdir -p new/dir && echo n > new/dir/f && rm -r old && mkdir old && echo c > old/c &&
      mkdir proc && mkdir -p dev/pts && : > etc/hosts && ln etc/same etc/hard && rm etc/hard
      """)
    let changes = try LayerDiff.changes(upper: scratch("upper"), lowers: lower)
    #expect(
      changes.map { "\(["C", "A", "D"][Int($0.kind.rawValue)]) \($0.path)" } == [
        "C /etc", "D /etc/gone", "C /etc/passwd", "A /new", "A /new/dir", "A /new/dir/f", "C /old", "D /old/a", "D /old/b", "A /old/c",
      ])
    let file = open(scratch("layer.tar"), O_RDWR | O_CREAT, 0o600)
    let upper = open(scratch("upper"), O_RDONLY | O_DIRECTORY)
    try LayerDiff.write(upper: upper, to: FileSink(file))
    let written = try entries(#require(read(scratch("layer.tar")))).map { String(decoding: $0.entry.path, as: UTF8.self) }
    #expect(Set(written).isSuperset(of: ["etc/.wh.gone", "etc/passwd", "new/dir/f", "old/.wh..wh..opq", "old/c"]))
    #expect(Set(written).isDisjoint(with: ["etc/hosts", "proc/", "dev/pts/", "dev/"]))
  }
}
