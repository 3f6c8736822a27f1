// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import Emulation

@Suite struct EmulatorTests {
  private let amd64 = Platform(os: "linux", architecture: "amd64")

  private func emulators(
    _ directories: [String] = [], host: Platform? = nil, handlers: HostHandlers = HostHandlers(directory: "/nowhere"), kernel: String = "6.12.3"
  ) -> Emulators {
    Emulators(directories: directories, host: host ?? amd64, handlers: handlers, kernel: kernel)
  }

  private func treatment(_ platform: String, _ emulators: Emulators) throws -> Emulators.Treatment {
    try emulators.treatment(of: Platform(parsing: platform))
  }

  /// A directory with files; the caller removes it.
  private func directory(_ files: [String: String]) throws -> String {
    var template = Array("/tmp/hull-emulation-XXXXXX".utf8CString)
    let path = String(cString: try #require(mkdtemp(&template)))
    for (name, text) in files {
      let file = try Files.open(path + "/" + name, O_WRONLY | O_CREAT, mode: 0o755)
      try Files.writeAll(file.number, Array(text.utf8))
    }
    return path
  }

  private func remove(_ path: String, _ names: some Sequence<String>) {
    for name in names { unlink(path + "/" + name) }
    rmdir(path)
  }

  @Test(arguments: ["linux/amd64", "linux/amd64/v2", "linux/386"])
  func whatTheProcessorRunsNeedsNothing(platform: String) throws {
    #expect(try treatment(platform, emulators(["/nowhere"])) == .none)
  }

  @Test func aStaticEmulatorBecomesARule() throws {
    let place = try directory([:])
    try #require(symlink("/bin/busybox", place + "/qemu-aarch64-static") == 0)
    defer { remove(place, ["qemu-aarch64-static"]) }
    let magic = #"\x7f\x45\x4c\x46\x02\x01\x01"# + String(repeating: #"\x00"#, count: 9) + #"\x02\x00\xb7\x00"#
    let mask = String(repeating: #"\xff"#, count: 7) + String(repeating: #"\x00"#, count: 9) + #"\xfe\xff\xff\xff"#
    #expect(try treatment("linux/arm64", emulators([place])) == .rule(":qemu-aarch64:M:0:\(magic):\(mask):\(place)/qemu-aarch64-static:POCF"))
    #expect(throws: HullError.self) { try treatment("linux/riscv64", emulators([place])) }
  }

  @Test func bigEndianMachinesHaveTheirHeadsTurned() throws {
    let machine = try #require(Machine.named("s390x"))
    #expect(machine.head.suffix(4) == [0, 2, 0, 22] && machine.head[5] == 2)
    #expect(machine.mask.suffix(4) == [0xff, 0xfe, 0xff, 0xff])
  }

  @Test func aProgramWithLibrariesIsNoEmulatorForContainers() {
    #expect(!StaticProgram.isAt("/bin/sh") && !StaticProgram.isAt("/etc/passwd") && !StaticProgram.isAt("/nowhere"))
    #expect(StaticProgram.isAt("/bin/busybox"))
  }

  @Test func whatIsMissingIsNamed() throws {
    for (emulators, platform, words) in [
      (emulators(["/nowhere"]), "linux/arm64", "/nowhere/qemu-aarch64-static is not there: install the package qemu-user-static"),
      (emulators(["/nowhere"]), "linux/vax", "no emulator"), (emulators(["/nowhere"]), "windows/amd64", "no emulator"),
    ] {
      #expect("\(try #require(throws: HullError.self) { try treatment(platform, emulators) })".contains(words))
    }
  }

  @Test func anOlderKernelNeedsTheHostsHandlers() throws {
    let place = try directory([:])
    try #require(symlink("/bin/busybox", place + "/qemu-arm-static") == 0)
    defer { remove(place, ["qemu-arm-static"]) }
    #expect(
      "\(try #require(throws: HullError.self) { try treatment("linux/arm/v6", emulators([place], kernel: "6.6.9-1-amd64")) })".contains("Linux 6.7"))
    for kernel in ["6.7.0", "7.0", "10.1-rc1"] {
      #expect(try treatment("linux/arm/v6", emulators([place], kernel: kernel)) != .none)
    }
  }

  private func handler(flags: String = "POCF", state: String = "enabled", machine: Machine) -> String {
    func hexadecimal(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
    return "\(state)\ninterpreter /usr/bin/qemu\nflags: \(flags)\noffset 0\nmagic \(hexadecimal(machine.head))\nmask \(hexadecimal(machine.mask))\n"
  }

  @Test func theHostsHandlersAreUsedWhenTheyWorkInContainers() throws {
    let (arm, riscv) = (try #require(Machine.named("arm64")), try #require(Machine.named("riscv64")))
    let files = [
      "status": "enabled\n", "register": "", "qemu-aarch64": handler(machine: arm), "qemu-riscv64": handler(flags: "PO", machine: riscv),
      "java": "enabled\ninterpreter /usr/bin/java\nflags: F\noffset 0\nmagic cafebabe\n",
    ]
    let place = try directory(files)
    defer { remove(place, files.keys) }
    let host = emulators(["/nowhere"], handlers: HostHandlers(directory: place))
    #expect(try treatment("linux/arm64", host) == .none)
    // Its interpreter is looked for where the program runs.
    #expect(throws: HullError.self) { try treatment("linux/riscv64", host) }
  }

  @Test func handlersThatAreSwitchedOffDoNotCount() throws {
    let arm = try #require(Machine.named("arm64"))
    #expect(BinaryHandler(handler(machine: arm)).takes(arm) && !BinaryHandler(handler(state: "disabled", machine: arm)).takes(arm))
    let files = ["status": "disabled\n", "qemu-aarch64": handler(machine: arm)]
    let place = try directory(files)
    defer { remove(place, files.keys) }
    #expect(HostHandlers(directory: place).handlers.isEmpty)
  }

  @Test func whatCanBeRunBeginsWithTheMachinesOwn() throws {
    let place = try directory([:])
    for name in ["aarch64", "arm"] { try #require(symlink("/bin/busybox", "\(place)/qemu-\(name)-static") == 0) }
    defer { remove(place, ["qemu-aarch64-static", "qemu-arm-static"]) }
    let names = emulators([place]).platforms().map(\.description)
    #expect(
      names.first == "linux/amd64" && names.filter { !$0.hasPrefix("linux/amd64") } == ["linux/arm64", "linux/386", "linux/arm/v7", "linux/arm/v6"])
  }
}
