// SPDX-License-Identifier: Apache-2.0
import CSeccomp

/// Knows the highest system call number that a filter speaks of, by architecture.
///
/// A filter's author cannot know calls that came later. Refusing those with EPERM (or death) breaks C libraries that try the new call first
/// and the old one on ENOSYS; so what lies beyond the highest known number answers ENOSYS. runc does the same.
struct NewestSyscalls {
  /// By libseccomp's architecture token.
  private var newest: [(architecture: UInt32, number: UInt32)]

  init(architectures: [UInt32]) { newest = architectures.map { ($0, 0) } }

  mutating func note(_ name: String) {
    for index in newest.indices {
      let number = seccomp_syscall_resolve_name_arch(newest[index].architecture, name)
      // Negative: unknown, or a pseudo number of a multiplexed call.
      if number >= 0 { newest[index].number = max(newest[index].number, UInt32(number)) }
    }
  }

  /// Instructions that answer ENOSYS for what is newer, and otherwise fall through to `length` instructions that follow.
  func prologue(before length: Int) -> [UInt8] {
    var sections: [[Instruction]] = []
    for (architecture, number) in newest where number > 0 && architecture != Self.x32 {
      sections.append(section(architecture, newest: number))
    }
    let body = sections.flatMap { $0 }
    var code = [Instruction(.loadWord, k: 4)] + body
    // The filter proper begins with loads of its own; the accumulator need not be restored.
    for index in code.indices where code[index].operation == .jumpAlways { code[index].k = UInt32(code.count - index - 1) }
    return code.flatMap(\.bytes)
  }

  /// On entry and, when the architecture is another, on exit, the accumulator holds the architecture.
  private func section(_ architecture: UInt32, newest number: UInt32) -> [Instruction] {
    var inside = [Instruction(.loadWord, k: 0)]
    if architecture == Self.intel64 {
      // x32 calls have bit 30 set. Without x32 in the filter they stay with the filter's own answer.
      if let x32 = newest.first(where: { $0.architecture == Self.x32 }), x32.number > 0 {
        inside += [
          Instruction(.jumpIfSet, k: Self.x32Bit, yes: 0, no: 3), Instruction(.jumpIfGreater, k: x32.number | Self.x32Bit, yes: 0, no: 1),
          .enosys, Instruction(.jumpAlways),
        ]
      } else {
        inside += [Instruction(.jumpIfSet, k: Self.x32Bit, yes: 0, no: 1), Instruction(.jumpAlways)]
      }
    }
    inside += [Instruction(.jumpIfGreater, k: number, yes: 0, no: 1), .enosys, Instruction(.jumpAlways)]
    return [Instruction(.jumpIfEqual, k: architecture, yes: 0, no: UInt8(inside.count))] + inside
  }

  private static let intel64: UInt32 = 0xc000_003e
  private static let x32: UInt32 = 0x4000_003e
  private static let x32Bit: UInt32 = 0x4000_0000
}

/// A `struct sock_filter`.
private struct Instruction {
  enum Operation: UInt16 {
    case loadWord = 0x20
    case jumpAlways = 0x05
    case jumpIfEqual = 0x15
    case jumpIfGreater = 0x25
    case jumpIfSet = 0x45
    case answer = 0x06
  }

  static let enosys = Instruction(.answer, k: Action.errnoBase | 38)

  let operation: Operation
  var k: UInt32
  let yes: UInt8
  let no: UInt8

  init(_ operation: Operation, k: UInt32 = 0, yes: UInt8 = 0, no: UInt8 = 0) {
    self.operation = operation
    self.k = k
    self.yes = yes
    self.no = no
  }

  var bytes: [UInt8] {
    withUnsafeBytes(of: operation.rawValue) { Array($0) } + [yes, no] + withUnsafeBytes(of: k) { Array($0) }
  }
}
