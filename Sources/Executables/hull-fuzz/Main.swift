// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Feeds parsers with damaged input: `hull-fuzz MODE CORPUS-DIRECTORY [SECONDS [SEED]]`. The same seed and corpus give the same inputs.
///
/// A parser may refuse anything; it must not crash, hang, take unbounded memory or, for `tar`, put anything beside its directory.
/// What it was fed last lies in `hull-fuzz.last` in the working directory when it crashed.
@main struct Main {
  static func main() {
    let arguments = CommandLine.arguments
    let modes = ["tar": fuzzTar, "reference": fuzzReference, "dockerfile": fuzzDockerfile, "ignore": fuzzIgnore]
    guard arguments.count >= 3, let mode = modes[arguments[1]], let corpus = Corpus(directory: arguments[2]) else {
      print("usage: hull-fuzz \(modes.keys.sorted().joined(separator: "|")) CORPUS-DIRECTORY [SECONDS [SEED]]")
      exit(2)
    }
    let seconds = arguments.count > 3 ? Int(arguments[3]) ?? 10 : 10
    let seed = arguments.count > 4 ? UInt64(arguments[4]) ?? 1 : 1
    var campaign = Campaign(corpus: corpus, seed: seed, seconds: seconds)
    if let failure = campaign.run(mode) {
      print("\(arguments[1]): \(failure) (input \(campaign.count) of seed \(seed), kept in hull-fuzz.last)")
      exit(1)
    }
    print(
      "\(arguments[1]): \(campaign.count) inputs in \(seconds) s from \(corpus.samples.count) samples, seed \(seed): \(campaign.accepted) accepted, the others refused"
    )
  }
}
