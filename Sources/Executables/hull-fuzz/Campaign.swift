// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a parser did with an input: `nil` when all is well.
enum Verdict {
  case accepted, refused
  case failed(String)
}

/// The files of a corpus, in the order of their names.
struct Corpus {
  let samples: [[UInt8]]

  init?(directory: String) {
    guard let stream = opendir(directory) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append(name) }
    }
    samples = names.sorted().compactMap { Corpus.read("\(directory)/\($0)") }
    if samples.isEmpty { return nil }
  }

  private static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&block, 1, block.count, file)
      if count == 0 { return bytes }
      bytes += block[..<count]
    }
  }
}

/// Runs a parser over mutated samples for some time.
struct Campaign {
  private let corpus: Corpus
  private let deadline: Int
  private var mutator: Mutator
  private(set) var count = 0
  private(set) var accepted = 0

  init(corpus: Corpus, seed: UInt64, seconds: Int) {
    self.corpus = corpus
    mutator = Mutator(seed: seed)
    deadline = time(nil) + seconds
  }

  /// - Returns: what went wrong.
  mutating func run(_ parser: ([UInt8]) -> Verdict) -> String? {
    while time(nil) < deadline {
      // The samples as they are come first: they are what was found before.
      let input = count < corpus.samples.count ? corpus.samples[count] : mutator.mutate(corpus.samples)
      count += 1
      keep(input)
      let started = time(nil)
      switch parser(input) {
      case .accepted: accepted += 1
      case .refused: break
      case .failed(let why): return why
      }
      if time(nil) - started > 10 { return "took more than 10 s" }
    }
    return nil
  }

  private func keep(_ input: [UInt8]) {
    guard let file = fopen("hull-fuzz.last", "w") else { return }
    fwrite(input, 1, input.count, file)
    fclose(file)
  }
}
