// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import LinuxSystem
import Testing

@Suite struct ExtractorTests {
  let scratch: Scratch
  let root: Int32

  init() throws {
    scratch = try Scratch()
    root = try scratch.directory("outer/root")
  }

  private func extract(_ tar: [UInt8], _ options: ExtractOptions = ExtractOptions()) throws {
    try ArchiveFiles.extract(from: scratch.file(tar), root: root, options: options)
  }

  private func at(_ path: String) -> String { scratch("outer/root/" + path) }

  @Test func aTreeComesOutAsItWentIn() throws {
    try extract(
      RawTar.make { tar in
        tar.directory("./d", mode: 0o1770)
        tar.add("./d/set", data: Array("abc".utf8), mode: 0o6755, uid: 12, gid: 34, mtime: 1_234_567)
        tar.hardLink("hard", "d/set")
        tar.symlink("abs", "/d/set")
        tar.symlink("up", "../../elsewhere")
        tar.add("pipe", type: "6", mode: 0o620)
        tar.add("null", type: "3", mode: 0o666, device: (1, 3))
        tar.add("disk", type: "4", mode: 0o660, device: (8, 300))
        tar.file("/absolute/path", "inside")
        tar.file("new\nline")
      })
    let set = try #require(status(at("d/set")))
    #expect(set.st_mode & 0o7777 == 0o6755 && set.st_uid == 12 && set.st_gid == 34 && set.st_mtim.tv_sec == 1_234_567)
    #expect(try #require(status(at("hard"))).st_ino == set.st_ino)
    #expect(try #require(status(at("d"))).st_mode & 0o7777 == 0o1770)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: at("abs")) == "/d/set")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: at("up")) == "../../elsewhere")
    #expect(try #require(status(at("pipe"))).st_mode == S_IFIFO | 0o620)
    #expect(try #require(status(at("null"))).isCharacterDevice(1, 3))
    #expect(try #require(status(at("disk"))).st_mode == S_IFBLK | 0o660)
    #expect(text(at("absolute/path")) == "inside")
    #expect(status(at("new\nline")) != nil)
  }

  @Test func directoriesKeepTheirTimesWhateverComesAfterThem() throws {
    var options = ExtractOptions()
    options.whiteouts = true
    try extract(
      RawTar.make { tar in
        tar.add("a", type: "5", mode: 0o755, mtime: 1000)
        tar.add("a/b", type: "5", mode: 0o755, mtime: 2000)
        for index in 0..<200 { tar.file("a/many/\(index)/f") }
        tar.file("a/b/late")
        tar.file("a/later")
      }, options)
    #expect(try #require(status(at("a"))).st_mtim.tv_sec == 1000)
    #expect(try #require(status(at("a/b"))).st_mtim.tv_sec == 2000)
  }

  @Test func extendedAttributesAndCapabilitiesAreKeptAndOverlaysAreNot() throws {
    let capability = String(decoding: [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] as [UInt8], as: UTF8.self)
    try extract(
      RawTar.make { tar in
        tar.pax([
          ("SCHILY.xattr.user.note", "a=b\nc"), ("SCHILY.xattr.security.capability", capability), ("SCHILY.xattr.trusted.overlay.redirect", "/etc"),
        ])
        tar.add("f", mode: 0o755, uid: 5)
      })
    let names = try ExtendedAttributes.names(at("f"))
    #expect(names.sorted() == ["security.capability", "user.note"])
    #expect(try ExtendedAttributes.get(at("f"), "user.note") == Array("a=b\nc".utf8))
  }

  @Test func theLastOfSeveralEntriesWins() throws {
    try extract(
      RawTar.make { tar in
        tar.file("a", "one")
        tar.file("a", "two")
        tar.directory("d")
        tar.file("d/inside")
        tar.file("d", "file now")
        tar.file("e")
        tar.directory("e")
        tar.file("e/inside")
        tar.symlink("s", "e")
        tar.file("s/x")
        tar.file("s", "no link")
      })
    #expect(text(at("a")) == "two")
    #expect(text(at("d")) == "file now")
    #expect(text(at("e/x")) == "x" && text(at("e/inside")) == "x")
    #expect(text(at("s")) == "no link")
  }

  @Test func deepTreesAreReplacedWithoutRecursion() throws {
    let deep = "top/" + (0..<1000).map { _ in "d" }.joined(separator: "/")
    try extract(
      RawTar.make { tar in
        tar.pax([("path", deep)])
        tar.file("x")
        tar.file("top", "flat")
      })
    #expect(text(at("top")) == "flat")
  }

  // MARK: Hostile

  /// Nothing beside the root may have changed.
  private func expectRefused(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation, tar: (inout RawTar) -> Void) throws {
    try Data("safe".utf8).write(to: URL(fileURLWithPath: scratch("outer/secret")))
    expectRefusal(words[0], words.last ?? "", sourceLocation: sourceLocation) { try extract(RawTar.make(tar)) }
    let beside = try FileManager.default.contentsOfDirectory(atPath: scratch("outer")).sorted()
    #expect(beside == ["root", "secret"], sourceLocation: sourceLocation)
    #expect(text(scratch("outer/secret")) == "safe", sourceLocation: sourceLocation)
    #expect(try #require(status(scratch("outer/secret"))).st_nlink == 1, sourceLocation: sourceLocation)
  }

  @Test(arguments: ["../evil", "a/../../evil", "a/..", "..", "/../evil", "./../evil"])
  func parentStepsAreRefused(path: String) throws {
    try expectRefused("\"\(path)\"", "..") { $0.file(path) }
  }

  @Test(arguments: ["..", "../..", "/", "/etc", "../secret", "/proc/self/cwd"])
  func writingThroughALinkThatLeadsOutsideIsRefused(target: String) throws {
    try expectRefused("\"link/evil\"", "symbolic link") { tar in
      tar.symlink("link", target)
      tar.file("link/evil")
    }
  }

  @Test func writingThroughChainsOfLinksIsRefused() throws {
    try expectRefused("\"b/evil\"") { tar in
      tar.symlink("a", ".")
      tar.symlink("b", "a/a/a/../..")
      tar.file("b/evil")
    }
    try expectRefused("\"l1/evil\"") { tar in
      tar.symlink("l1", "l2")
      tar.symlink("l2", "l1")
      tar.file("l1/evil")
    }
  }

  @Test func aCachedDirectoryDoesNotOutliveItsReplacement() throws {
    try expectRefused("\"d/evil\"", "symbolic link") { tar in
      tar.directory("d")
      tar.file("d/inside")
      tar.symlink("d", "../..")
      tar.file("d/evil")
    }
  }

  @Test func linksAreNeverFollowedAtTheEndOfAPath() throws {
    try extract(
      RawTar.make { tar in
        tar.symlink("secret", "../secret")
        tar.file("secret", "mine")
        tar.symlink("dir", "..")
        tar.directory("dir")
        tar.symlink("null", "/dev/null")
        tar.add("null", type: "3", device: (1, 5))
      })
    #expect(text(at("secret")) == "mine")
    #expect(try #require(status(at("dir"))).isDirectory)
  }

  @Test(arguments: ["../secret", "/../secret", "a/../../secret"])
  func hardLinksToTheOutsideAreRefused(target: String) throws {
    try expectRefused("\"hard\"", "..") { $0.hardLink("hard", target) }
  }

  @Test func hardLinksThroughLinksToTheOutsideAreRefused() throws {
    try expectRefused("\"hard\"", "symbolic link") { tar in
      tar.symlink("link", "..")
      tar.hardLink("hard", "link/secret")
    }
  }

  @Test func hardLinksToWhatIsNotThereAreRefused() throws {
    try expectRefused("\"hard\"", "nowhere") { $0.hardLink("hard", "nowhere") }
    try expectRefused("\"hard\"", "itself") { tar in
      tar.file("hard")
      tar.hardLink("hard", "./hard")
    }
    try expectRefused("\"hard\"", "directory") { tar in
      tar.directory("d")
      tar.hardLink("hard", "d")
    }
  }

  @Test func pathsThroughFilesAreRefused() throws {
    try expectRefused("\"file/below\"", "not a directory") { tar in
      tar.file("file")
      tar.file("file/below")
    }
  }

  @Test func devicesThroughLinksAreRefused() throws {
    try expectRefused("\"link/sda\"", "symbolic link") { tar in
      tar.symlink("link", "/dev")
      tar.add("link/sda", type: "4", device: (8, 0))
    }
  }

  @Test func overlongNamesAreRefused() throws {
    try expectRefused("too long") { tar in
      tar.pax([("path", String(repeating: "n", count: 300))])
      tar.file("x")
    }
    try expectRefused("too long") { tar in
      tar.pax([("path", String(repeating: "n/", count: 3000) + "x")])
      tar.file("x")
    }
  }

  @Test func aFileLargerThanTheDiskIsRefusedBeforeItIsWritten() throws {
    try expectRefused("\"huge\"", "do not fit") { tar in
      tar.pax([("size", String(1 << 50))])
      tar.file("huge")
    }
  }

  @Test func theRootCannotBeReplaced() throws {
    try expectRefused("root directory") { $0.symlink("./", "/etc") }
    try expectRefused("root directory") { $0.hardLink("x", "/") }
  }

  // MARK: docker cp

  @Test func aCopyFollowsTheContainersLinksInsideItsRoot() throws {
    try FileManager.default.createDirectory(atPath: at("run/data"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: at("var"), withDestinationPath: "/run")
    var options = ExtractOptions()
    options.followsLinks = true
    let tar = RawTar.make { $0.file("data/f", "via link") }
    try ArchiveFiles.extract(from: scratch.file(tar), root: root, base: "var", options: options)
    #expect(text(at("run/data/f")) == "via link")
    try FileManager.default.createSymbolicLink(atPath: at("out"), withDestinationPath: "../../../../../..")
    try ArchiveFiles.extract(from: scratch.file(tar), root: root, base: "out", options: options)
    #expect(text(at("data/f")) == "via link")
  }

  @Test func aCopyKeepsKindsWhenAsked() throws {
    var options = ExtractOptions()
    options.keepsKinds = true
    try extract(
      RawTar.make { tar in
        tar.directory("d")
        tar.file("f")
      })
    expectRefusal("cannot overwrite directory with non-directory") { try extract(RawTar.make { $0.file("d") }, options) }
  }

  @Test func aTreePacksAndUnpacksToTheSame() throws {
    try extract(
      RawTar.make { tar in
        tar.pax([("SCHILY.xattr.user.k", "v")])
        tar.add("d/f", data: Array("data".utf8), mode: 0o4711, uid: 3, gid: 4)
        tar.hardLink("d/g", "d/f")
        tar.symlink("l", "nowhere")
        tar.add("p", type: "6")
        tar.add("c", type: "3", device: (1, 3))
      })
    let file = open(scratch("packed.tar"), O_RDWR | O_CREAT, 0o600)
    try ArchiveFiles.pack(root: root, to: file)
    let packed = try #require(read(scratch("packed.tar")))
    #expect(try entries(packed).map { String(decoding: $0.entry.path, as: UTF8.self) } == ["c", "d/", "d/f", "d/g", "l", "p"])
    #expect(try entries(packed)[2].entry.attributes.count == 1)
    #expect(try scratch.run("tar", "-tvf", scratch("packed.tar")).contains("link to d/f"))
  }
}
