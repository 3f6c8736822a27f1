// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ShimProtocol
import Testing

/// What the shim may cost (docs/promises.md).
struct BudgetTests {
  @Test func theProgramIsStaticAndHasNoFoundation() throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: ShimProcess.binary), options: .alwaysMapped)
    #expect(!programHeaderTypes(data).contains(3), "it has an interpreter (PT_INTERP): it is dynamically linked")
    for symbol in ["$s10Foundation", "$s20FoundationEssentials", "17_StringProcessing"] {
      #expect(data.range(of: Data(symbol.utf8)) == nil, "\(symbol) is linked in")
    }
    // Type descriptors name their module even in a stripped program.
    for module in ["Foundation", "FoundationEssentials", "_RegexParser", "NIOCore"] {
      #expect(data.range(of: Data("\0\(module)\0".utf8)) == nil, "\(module) is linked in")
    }
  }

  @Test func anIdleShimIsSmall() throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach()
    _ = try control.launch(shim.script("seq 1 100000; echo end >&2; sleep 100"))
    try client.read(until: "end")
    // After a second without events memory is given back. (Anonymous, not dirty: pages of a program just linked are dirty, too.)
    try eventually("the shim is small") { try rollup(shim.pid, "Anonymous") <= ShimProcess.privateLimit && rollup(shim.pid, "Rss") <= 4096 }
    let resident = try rollup(shim.pid, "Rss")
    print("an idle shim: \(resident) kB resident, \(try rollup(shim.pid, "Anonymous")) kB private")
  }

  @Test func aWholeRunTakesMilliseconds() throws {
    var times: [String: [Double]] = [:]
    for _ in 0..<15 {
      let workspace = try Workspace()
      var last = Date()
      func lap(_ name: String) {
        times[name, default: []].append(Date().timeIntervalSince(last) * 1000)
        last = Date()
      }
      let shim = try ShimProcess(in: workspace)
      let control = try shim.connect()
      try control.ask(.subscribe)
      lap("start of the shim")
      var request = try shim.script("")
      request.plan.process.arguments = ["true"]
      _ = try control.launch(request)
      lap("launch")
      _ = try control.waitForExit()
      lap("exit of true")
      try control.ask(.finish)
      _ = shim.wait()
      lap("finish")
    }
    for (name, values) in times.sorted(by: { $0.key < $1.key }) {
      let sorted = values.sorted()
      print("\(name): median \(String(format: "%.2f", sorted[sorted.count / 2])) ms, least \(String(format: "%.2f", sorted[0])) ms")
    }
  }

  @Test(arguments: [false, true]) func outputPassesAtFullSpeed(logged: Bool) throws {
    let shim = try ShimProcess()
    let control = try shim.connect()
    let client = try shim.attach()
    let megabytes = logged ? 50 : 1000
    var request = try shim.script("yes $(printf %0120d 7) | dd bs=64k count=\(megabytes * 16) iflag=fullblock")
    if !logged { request.plan.process.arguments = ["dd", "if=/dev/zero", "bs=64k", "count=\(megabytes * 16)"] }
    if !logged { request.log = nil } else { request.log?.maxSize = 10 << 20 }
    let start = Date()
    _ = try control.launch(request)
    let bytes = client.drain()
    let speed = Double(bytes) / Date().timeIntervalSince(start) / 1e6
    let perCPUSecond = Double(bytes) / 1e4 / Double(max(1, try cpuTicks(shim.pid)))
    print("output through the shim\(logged ? ", logged" : ""): \(Int(speed)) MB/s, \(Int(perCPUSecond)) MB per second of its CPU time")
    #expect(bytes > megabytes << 20)
    #expect(speed > (logged ? 2 : 20), "a debug build on a busy machine does better than this")
  }

  /// The `p_type` of each program header of a 64-bit ELF file.
  private func programHeaderTypes(_ data: Data) -> [UInt32] {
    data.withUnsafeBytes { elf in
      let offset = Int(elf.loadUnaligned(fromByteOffset: 32, as: UInt64.self))
      let size = Int(elf.loadUnaligned(fromByteOffset: 54, as: UInt16.self))
      let count = Int(elf.loadUnaligned(fromByteOffset: 56, as: UInt16.self))
      return (0..<count).map { elf.loadUnaligned(fromByteOffset: offset + $0 * size, as: UInt32.self) }
    }
  }

  private func rollup(_ pid: Int32, _ key: String) throws -> Int {
    let text = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") } ?? ""
    return Int(line.split(separator: " ").dropLast().last ?? "") ?? 0
  }
}
