// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// An instruction set as the head of an ELF file names it (ELF specification, `e_ident` and `e_machine`) and as qemu calls it.
package struct Machine: Sendable, Equatable {
  /// Go's name: `arm64`.
  package let architecture: String
  /// qemu's name: `aarch64`.
  package let emulator: String
  /// `ELFCLASS64` rather than `ELFCLASS32`.
  let is64Bit: Bool
  let isBigEndian: Bool
  /// `e_machine`
  let number: UInt16

  private init(_ architecture: String, _ emulator: String, _ number: UInt16, is64Bit: Bool = true, isBigEndian: Bool = false) {
    self.architecture = architecture
    self.emulator = emulator
    self.number = number
    self.is64Bit = is64Bit
    self.isBigEndian = isBigEndian
  }

  /// In the order in which clients are told of them.
  package static let all = [
    Machine("amd64", "x86_64", 62), Machine("arm64", "aarch64", 183), Machine("riscv64", "riscv64", 243), Machine("ppc64le", "ppc64le", 21),
    Machine("s390x", "s390x", 22, isBigEndian: true), Machine("386", "i386", 3, is64Bit: false),
    Machine("mips64le", "mips64el", 8), Machine("mips64", "mips64", 8, isBigEndian: true), Machine("loong64", "loongarch64", 258),
    Machine("arm", "arm", 40, is64Bit: false),
  ]

  /// By Go's name.
  package static func named(_ architecture: String) -> Machine? { all.first { $0.architecture == architecture } }

  /// The first 20 bytes of a program, from `e_ident` to `e_machine`.
  var head: [UInt8] {
    let ident: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, is64Bit ? 2 : 1, isBigEndian ? 2 : 1, 1]
    return ident + [UInt8](repeating: 0, count: 9) + half(2) + half(number)
  }

  /// Which bits of `head` count: neither the ABI's name nor the padding, and of `e_type` what executables and shared objects have in common.
  var mask: [UInt8] { [UInt8](repeating: 0xff, count: 7) + [UInt8](repeating: 0, count: 9) + half(0xfffe) + half(0xffff) }

  private func half(_ value: UInt16) -> [UInt8] {
    let bytes = [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    return isBigEndian ? bytes.reversed() : bytes
  }

  /// What binfmt_misc's `register` takes: `P` keeps the program's own name in its arguments, `O` and `C` let set-user-ID programs be that,
  /// `F` opens the interpreter now, so that it need not be in the container.
  /// - Parameter interpreter: a path on the host, of a program that needs no libraries.
  package func rule(interpreter: String) -> String {
    func text(_ bytes: [UInt8]) -> String { bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
    return ":qemu-\(emulator):M:0:\(text(head)):\(text(mask)):\(interpreter):POCF"
  }
}
