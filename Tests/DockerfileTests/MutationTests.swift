// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Foundation
import Testing

/// The files of `Tests/Corpora`, damaged at random but the same on every run. `hull-fuzz` does it for longer.
@Suite struct MutationTests {
  @Test(.timeLimit(.minutes(2))) func tenThousandMutatedDockerfilesNeitherCrashNorHang() throws {
    var mutator = LineMutator(samples: try corpus("dockerfile"))
    var accepted = 0
    for round in 0..<10_000 {
      let text = mutator.next()
      do throws(HullError) {
        let file = try DockerfileParser.parse(text)
        accepted += 1
        let warnings = try BuildChecks.run(file)
        #expect(warnings.allSatisfy { ($0.location?.endLine ?? 0) <= file.lines.count })
        if round % 10 == 0 { #expect(try DockerfileParser.parse(text) == file) }
      } catch {
        #expect(error.code == .invalidArgument && !error.message.isEmpty)
      }
    }
    #expect((100..<10_000).contains(accepted))
  }

  @Test(.timeLimit(.minutes(2))) func mutatedIgnoreFilesNeverHideWhatTheyLeaveIn() throws {
    var mutator = LineMutator(samples: try corpus("ignore"))
    let paths = ["a", "a/b", "a/b/c.go", "src/a/b_test.go", "x/a/y/b", "node_modules/x", "f/x/g/y.h"]
    for _ in 0..<3000 {
      guard let patterns = try? IgnorePatterns(file: mutator.next()) else { continue }
      for path in paths where !patterns.excludes(path) {
        let parts = path.split(separator: "/")
        let directories = parts.indices.dropFirst().map { parts[..<$0].joined(separator: "/") }
        #expect(directories.allSatisfy { !patterns.excludes($0) || patterns.mayHaveIncludedChild(of: $0) }, "\(path): \(patterns.patterns)")
      }
    }
  }

  private func corpus(_ name: String) throws -> [[UInt8]] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let directory = tests.appendingPathComponent("Corpora/\(name)")
    let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil).sorted { $0.path < $1.path }
    return try files.map { try Array(Data(contentsOf: $0)) }
  }
}

/// Puts lines of several samples together and damages them.
private struct LineMutator {
  private let samples: [[UInt8]]
  private let lines: [ArraySlice<UInt8>]
  private var state: UInt64 = 0x9e37_79b9_7f4a_7c15
  private static let pieces = [
    "${", "}", "\"", "'", "\\", "\\\n", "`", "<<EOF", "\nEOF\n", "[\"", "\"]", "--from=", "--mount=type=", "#", "=", " ", "\t", "\r\n", "ONBUILD ",
    "**", "!", "[^", "\u{0}", "é",
  ].map { Array($0.utf8) }

  init(samples: [[UInt8]]) {
    self.samples = samples
    lines = samples.flatMap { $0.split(separator: 0x0a) }
  }

  mutating func next() -> [UInt8] {
    var text = samples[below(samples.count)].split(separator: 0x0a, omittingEmptySubsequences: false)
    for _ in 0..<below(4) {
      let at = below(text.count)
      switch below(4) {
      case 0: text.insert(lines[below(lines.count)], at: at)
      case 1: text[at] = lines[below(lines.count)]
      case 2: text.remove(at: at)
      default: text.swapAt(at, below(text.count))
      }
      if text.isEmpty { text = [[]] }
    }
    var bytes = Array(text.joined(separator: [0x0a]))
    for _ in 0..<below(4) {
      let at = below(bytes.count + 1)
      switch below(3) {
      case 0: bytes.insert(contentsOf: LineMutator.pieces[below(LineMutator.pieces.count)], at: at)
      case 1: bytes.removeSubrange(at..<min(bytes.count, at + below(9)))
      default: if at < bytes.count { bytes[at] ^= 1 << UInt8(below(8)) }
      }
    }
    return bytes
  }

  private mutating func below(_ bound: Int) -> Int {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return Int((state &* 0x2545_f491_4f6c_dd1d) % UInt64(max(bound, 1)))
  }
}
