// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Testing

@testable import HullCommands

@Suite final class TarTests {
  private let directory: String

  init() throws { directory = try TemporaryDirectory.make("hull-tar-tests") }
  deinit { TemporaryDirectory.remove(directory) }

  private func write(_ name: String, _ text: String, mode: mode_t = 0o644) {
    let descriptor = open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode)
    _ = Output.writeAll(descriptor, Array(text.utf8))
    close(descriptor)
  }

  private func reader(_ bytes: [UInt8], pieces: Int = 700) -> TarReader {
    var rest = bytes[...]
    return TarReader {
      let piece = rest.prefix(pieces)
      rest = rest.dropFirst(pieces)
      return Array(piece)
    }
  }

  private func archive(_ path: String, name: String) throws -> [UInt8] {
    let archive = TreeArchive(path: path, name: name)
    var all: [UInt8] = []
    while case let bytes = try archive.read(), !bytes.isEmpty { all += bytes }
    return all
  }

  @Test func aTreeComesBackAsItWas() throws {
    mkdir("\(directory)/in", 0o755)
    mkdir("\(directory)/in/sub", 0o700)
    let long = String(repeating: "n", count: 200)
    write("in/a", "text")
    write("in/sub/\(long)é", String(repeating: "x", count: 3000), mode: 0o600)
    symlink("../a", "\(directory)/in/sub/link")
    link("\(directory)/in/a", "\(directory)/in/hard")
    mkfifo("\(directory)/in/fifo", 0o600)
    mkdir("\(directory)/out", 0o755)
    var reader = reader(try archive("\(directory)/in", name: "copy"))
    var extractor = try TreeExtractor(into: "\(directory)/out")
    try extractor.extract(&reader) { $0 }
    #expect(Files.text("\(directory)/out/copy/a") == "text")
    #expect(Files.text("\(directory)/out/copy/sub/\(long)é")?.count == 3000)
    #expect(try TreeArchive.target("\(directory)/out/copy/sub/link") == "../a")
    var info = stat()
    stat("\(directory)/out/copy/hard", &info)
    #expect(info.st_nlink == 2)
    stat("\(directory)/out/copy/sub", &info)
    #expect(info.st_mode & 0o7777 == 0o700)
  }

  @Test func nothingIsWrittenThroughALinkOfTheArchive() throws {
    mkdir("\(directory)/out", 0o755)
    mkdir("\(directory)/victim", 0o755)
    var link = TarEntry(name: "d", kind: .symbolicLink, mode: 0o777)
    link.link = "../victim"
    var file = TarEntry(name: "d/x", kind: .file, mode: 0o644)
    file.size = 1
    var reader = reader(TarFormat.header(link) + TarFormat.header(file) + [0x41] + TarFormat.padding(1) + TarFormat.end)
    var extractor = try TreeExtractor(into: "\(directory)/out")
    #expect(throws: HullError.self) { try extractor.extract(&reader) { $0 } }
    #expect(!Files.exists("\(directory)/victim/x"))
  }

  @Test func nothingIsWrittenOutsideByName() throws {
    mkdir("\(directory)/out", 0o755)
    for name in ["../x", "a/../../x", "/../x"] {
      var reader = reader(TarFormat.header(TarEntry(name: name, kind: .file, mode: 0o644)) + TarFormat.end)
      var extractor = try TreeExtractor(into: "\(directory)/out")
      #expect(throws: HullError.self) { try extractor.extract(&reader) { $0 } }
    }
    #expect(!Files.exists("\(directory)/x"))
  }

  @Test func aHardLinkToTheOutsideIsRefused() throws {
    mkdir("\(directory)/out", 0o755)
    write("secret", "s")
    var entry = TarEntry(name: "h", kind: .hardLink, mode: 0o644)
    entry.link = "../secret"
    var reader = reader(TarFormat.header(entry) + TarFormat.end)
    var extractor = try TreeExtractor(into: "\(directory)/out")
    #expect(throws: HullError.self) { try extractor.extract(&reader) { $0 } }
    #expect(!Files.exists("\(directory)/out/h"))
  }

  @Test func aDirectoryIsNotReplacedByAFile() throws {
    mkdir("\(directory)/out", 0o755)
    mkdir("\(directory)/out/d", 0o755)
    var reader = reader(TarFormat.header(TarEntry(name: "d", kind: .file, mode: 0o644)) + TarFormat.end)
    var extractor = try TreeExtractor(into: "\(directory)/out")
    #expect(throws: HullError.self) { try extractor.extract(&reader) { $0 } }
  }

  @Test func damagedArchivesAreErrors() {
    var header = TarFormat.header(TarEntry(name: "a", kind: .file, mode: 0o644))
    header[0] = UInt8(ascii: "b")
    for bytes in [header, Array(header.prefix(300)), [UInt8](repeating: 0xFF, count: 1024)] {
      var reader = reader(bytes)
      #expect(throws: HullError.self) { try reader.next() }
    }
    var file = TarEntry(name: "a", kind: .file, mode: 0o644)
    file.size = 100_000
    var short = reader(TarFormat.header(file) + [1, 2, 3])
    #expect(throws: HullError.self) {
      _ = try short.next()
      _ = try short.next()
    }
  }

  @Test func theBusyboxArchiveIsAlwaysTheSame() throws {
    let first = BusyboxRoot.archive([1, 2, 3], applets: ["ls", "sh"])
    #expect(first == BusyboxRoot.archive([1, 2, 3], applets: ["ls", "sh"]))
    var reader = reader(first)
    var entries: [String: TarEntry] = [:]
    while let entry = try reader.next() { entries[entry.name] = entry }
    #expect(entries["bin/busybox"]?.mode == 0o755)
    #expect(entries["bin/sh"]?.link == "busybox")
    #expect(entries["tmp/"]?.mode == 0o1777)
    #expect(entries["etc/passwd"] != nil)
    #expect(entries["etc/group"] != nil)
    let plain = entries.values.allSatisfy { $0.modified == 0 && $0.uid == 0 }
    #expect(plain)
  }

  @Test func aStaticProgramIsKnownByItsHeaders() {
    #expect(!BusyboxRoot.isStatic("/bin/ls"))
    #expect(!BusyboxRoot.isStatic("/etc/passwd"))
    #expect(!BusyboxRoot.isStatic("/nonexistent"))
  }

  @Test func aptSourcesServeOtherSuitesFromTheSameMirror() {
    mkdir("\(directory)/sources.list.d", 0o755)
    write("sources.list.d/debian.sources", "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n")
    write("sources.list.d/other.list", "deb http://other.example/apt stable main\n")
    write("sources.list", "# nothing\n")
    #expect(AptSources.forSuite("bookworm", directory: directory).map { Paths.split($0).name } == ["sources.list", "debian.sources", "other.list"])
    #expect(AptSources.forSuite("trixie", directory: directory) == ["deb http://mirror.example/debian trixie main"])
  }
}
