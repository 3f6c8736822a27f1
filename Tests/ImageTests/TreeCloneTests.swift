// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import LinuxSystem
import Testing

@Suite struct TreeCloneTests {
  let scratch: Scratch
  let source: Int32
  let target: Int32

  init() throws {
    scratch = try Scratch()
    source = try scratch.directory("source")
    target = try scratch.directory("target")
  }

  private func clone() throws -> TreeClone.Summary { try TreeClone(from: source, to: target).run() }
  private func at(_ path: String) -> String { scratch("target/" + path) }

  @Test func ownersModesAndTimesAreKept() throws {
    try scratch.run("sh", "-ec", "cd source; mkdir d; echo x > d/f; chown 12:34 d/f; chmod 6755 d/f; chmod 1770 d; touch -d @1234567.891 d/f d .")
    #expect(try clone().entries == 2)
    let file = try #require(status(at("d/f")))
    #expect((file.st_uid, file.st_gid, file.st_mode & 0o7777) == (12, 34, 0o6755))
    for path in ["d/f", "d", "."] {
      let time = try #require(status(at(path))).st_mtim
      #expect((time.tv_sec, time.tv_nsec) == (1_234_567, 891_000_000), "\(path)")
    }
    #expect(try #require(status(at("d"))).st_mode & 0o7777 == 0o1770)
  }

  @Test func namesOfOneFileStayNamesOfOneFile() throws {
    try scratch.run("sh", "-ec", "cd source; mkdir a b; echo x > a/one; ln a/one b/two; ln a/one three; ln -s one a/link; ln a/link b/link")
    #expect(try clone().files == 1)
    let inode = try #require(status(at("a/one"))).st_ino
    #expect(try #require(status(at("b/two"))).st_ino == inode && status(at("three"))?.st_ino == inode)
    #expect(try #require(status(at("a/link"))).st_ino == status(at("b/link"))?.st_ino && status(at("a/link"))?.st_nlink == 2)
  }

  @Test func holesStayHoles() throws {
    let file = open(scratch("source/sparse"), O_RDWR | O_CREAT, 0o644)
    defer { close(file) }
    pwrite(file, "middle", 6, 32 << 20)
    ftruncate(file, 100 << 20)
    _ = try clone()
    let copy = try #require(status(at("sparse")))
    #expect(copy.st_size == 100 << 20 && copy.st_blocks * 512 < 1 << 20)
    #expect(try scratch.run("sh", "-c", "cmp source/sparse target/sparse && echo same") == "same\n")
  }

  @Test func attributesAreKeptAlsoThoseThatNoArchiveMayHave() throws {
    try scratch.run("sh", "-ec", "cd source; mkdir d; echo x > d/f")
    try ExtendedAttributes.set(scratch("source/d/f"), "user.colour", Array("red".utf8))
    try ExtendedAttributes.set(scratch("source/d"), "trusted.overlay.opaque", Array("y".utf8))
    _ = try clone()
    #expect(try ExtendedAttributes.get(at("d/f"), "user.colour") == Array("red".utf8))
    #expect(try ExtendedAttributes.get(at("d"), "trusted.overlay.opaque") == Array("y".utf8))
  }

  @Test func specialFilesAreMadeAgainAndLinksAreNotFollowed() throws {
    try scratch.run("sh", "-ec", "cd source; mkfifo -m 620 pipe; mknod -m 666 null c 1 3; mknod -m 660 disk b 7 300; ln -s / root; chown -h 5:6 root")
    _ = try clone()
    #expect(try #require(status(at("pipe"))).st_mode == S_IFIFO | 0o620)
    #expect(try #require(status(at("null"))).isCharacterDevice(1, 3) && status(at("null"))?.st_mode == S_IFCHR | 0o666)
    #expect(try #require(status(at("disk"))).st_rdev == status(scratch("source/disk"))?.st_rdev)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: at("root")) == "/" && status(at("root"))?.st_uid == 5)
  }

  @Test func filesAreCopiedBetweenFileSystems() throws {
    let other = try Scratch(in: "/dev/shm")
    try scratch.run("sh", "-ec", "cd source; head -c 3000000 /dev/urandom > random; : > empty")
    let there = try other.directory("target")
    #expect(try TreeClone(from: source, to: there).run().files == 2)
    #expect(read(other("target/random")) == read(scratch("source/random")) && read(other("target/empty")) == [])
  }

  @Test func usageCountsBlocksAndEveryFileOnce() throws {
    try scratch.run("sh", "-ec", "cd source; mkdir d; head -c 100000 /dev/zero > d/f; ln d/f again; truncate -s 1G sparse; ln -s x link")
    let usage = try TreeUsage(of: source)
    let blocks = ["", "d", "d/f", "sparse", "link"].compactMap { status(scratch("source/" + $0))?.st_blocks }.reduce(0, +)
    #expect(usage.inodes == 5 && usage.bytes == Int64(blocks) * 512)
  }
}
