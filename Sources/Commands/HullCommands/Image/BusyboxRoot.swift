// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// The root file system of `busybox:latest`: the package's static binary, its applets as links, and the few files programs expect.
enum BusyboxRoot {
  static func image(_ reference: String, _ engine: EngineClient, _ progress: Progress?) throws -> String {
    let (binary, version) = try self.binary(progress)
    progress?.begin("packing busybox \(version)")
    let applets = try applets(of: binary)
    var archive = archive(try Files.read(binary.path), applets: applets)[...]
    let options = ImageImport.Options(
      reference: reference,
      changes: ["ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "CMD [\"sh\"]"], message: "busybox-static \(version)")
    progress?.begin("importing \(Units.size(Double(archive.count), precision: 3)), \(applets.count) applets")
    return try ImageImport.send(options, to: engine) {
      let piece = archive.prefix(1 << 18)
      archive = archive.dropFirst(piece.count)
      return Array(piece)
    }
  }

  /// A binary on disk, and the directory that goes with it.
  private final class Binary {
    let path: String
    let directory: String?
    init(path: String, directory: String? = nil) {
      self.path = path
      self.directory = directory
    }
    deinit { if let directory { TemporaryDirectory.remove(directory) } }
  }

  /// The installed one when it is the static package's, otherwise the package's, unpacked and not installed.
  private static func binary(_ progress: Progress?) throws -> (Binary, version: String) {
    for path in ["/bin/busybox", "/usr/bin/busybox"] where isStatic(path) {
      if let version = try? ChildProcess.output(of: ["dpkg-query", "-W", "-f", "${Version}", "busybox-static"]), !version.isEmpty {
        return (Binary(path: path), version)
      }
    }
    progress?.begin("downloading busybox-static")
    let directory = try TemporaryDirectory.make("hull-busybox")
    let holder = Binary(path: "\(directory)/root/bin/busybox", directory: directory)
    try Packages.download("busybox-static", into: directory, progress)
    guard let package = try TreeArchive.children(directory).first(where: { $0.hasSuffix(".deb") }) else {
      throw HullError(.notFound, "apt-get download busybox-static left no package")
    }
    _ = try ChildProcess.output(of: ["dpkg-deb", "-x", "\(directory)/\(package)", "\(directory)/root"])
    let version = try ChildProcess.output(of: ["dpkg-deb", "-f", "\(directory)/\(package)", "Version"])
    // Since the merge of / and /usr packages may carry their programs below /usr.
    if !isStatic(holder.path), isStatic("\(directory)/root/usr/bin/busybox") {
      mkdir("\(directory)/root/bin", 0o755)
      rename("\(directory)/root/usr/bin/busybox", holder.path)
    }
    guard isStatic(holder.path) else { throw HullError(.notFound, "the package busybox-static has no static busybox") }
    return (holder, Text.trimmed(version))
  }

  /// An ELF program without an interpreter.
  static func isStatic(_ path: String) -> Bool {
    guard let bytes = try? Files.read(path), bytes.count > 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { return false }
    func number(_ offset: Int, _ count: Int) -> Int {
      guard offset >= 0, offset + count <= bytes.count else { return 0 }
      return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2))
    guard table > 0, table < bytes.count, size >= 56 else { return false }
    return !(0..<count).contains { number(table + $0 * size, 4) == 3 }
  }

  private static func applets(of binary: Binary) throws -> [String] {
    try ChildProcess.output(of: [binary.path, "--list"]).split(separator: "\n").map(String.init).filter { $0 != "busybox" && !$0.contains("/") }
      .sorted()
  }

  /// Always the same bytes for the same binary: sorted, times at zero, everything root's.
  static func archive(_ binary: [UInt8], applets: [String]) -> [UInt8] {
    var out: [UInt8] = []
    func directory(_ name: String, _ mode: UInt32 = 0o755) { out += TarFormat.header(TarEntry(name: name + "/", kind: .directory, mode: mode)) }
    func link(_ name: String, _ target: String) {
      var entry = TarEntry(name: name, kind: .symbolicLink, mode: 0o777)
      entry.link = target
      out += TarFormat.header(entry)
    }
    func file(_ name: String, _ content: [UInt8], _ mode: UInt32 = 0o644) {
      var entry = TarEntry(name: name, kind: .file, mode: mode)
      entry.size = content.count
      out += TarFormat.header(entry) + content + TarFormat.padding(content.count)
    }
    directory("bin")
    file("bin/busybox", binary, 0o755)
    for applet in applets { link("bin/\(applet)", "busybox") }
    directory("dev")
    directory("etc")
    file("etc/group", Array("root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\ntty:x:5:\nmail:x:8:\nwww-data:x:33:\nnogroup:x:65534:\n".utf8))
    file(
      "etc/passwd",
      Array(
        """
        root:x:0:0:root:/root:/bin/sh
        daemon:x:1:1:daemon:/usr/sbin:/bin/false
        bin:x:2:2:bin:/bin:/bin/false
        sys:x:3:3:sys:/dev:/bin/false
        mail:x:8:8:mail:/var/spool/mail:/bin/false
        www-data:x:33:33:www-data:/var/www:/bin/false
        nobody:x:65534:65534:nobody:/home:/bin/false

        """.utf8))
    file("etc/shadow", Array("root:*:::::::\nnobody:*:::::::\n".utf8), 0o640)
    directory("home")
    directory("proc")
    directory("root", 0o700)
    link("sbin", "bin")
    directory("sys")
    directory("tmp", 0o1777)
    directory("usr")
    link("usr/bin", "../bin")
    link("usr/sbin", "../bin")
    directory("var")
    directory("var/spool")
    directory("var/spool/mail")
    directory("var/www")
    return out + TarFormat.end
  }
}
