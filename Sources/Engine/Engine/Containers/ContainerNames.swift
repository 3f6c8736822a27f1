// SPDX-License-Identifier: Apache-2.0
import Errors

/// The names of containers: which are allowed, and new ones for those who do not choose.
enum ContainerNames {
  static let allowed = "[a-zA-Z0-9][a-zA-Z0-9_.-]"

  /// Checks a name (a leading slash is dropped). Throws `invalidArgument` in Docker's words.
  static func validated(_ given: String) throws(HullError) -> String {
    let name = given.hasPrefix("/") ? String(given.dropFirst()) : given
    let bytes = Array(name.utf8)
    guard bytes.count >= 2, isAlphanumeric(bytes[0]), bytes.allSatisfy({ isAlphanumeric($0) || "_.-".utf8.contains($0) }) else {
      throw HullError(.invalidArgument, "Invalid container name (\(given)), only \(allowed) are allowed")
    }
    return name
  }

  /// Two words and, from the second attempt on, a digit.
  static func random(attempt: Int) -> String {
    let name = "\(adjectives.randomElement() ?? "quiet")_\(people.randomElement() ?? "noether")"
    return attempt == 0 ? name : name + String(Int.random(in: 0...9))
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private static let adjectives = [
    "able", "agile", "airy", "amber", "ample", "apt", "balmy", "blithe", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid", "canny",
    "cheery", "chilly", "civil", "clear", "clever", "cosy", "crisp", "curious", "dapper", "daring", "deft", "dewy", "eager", "early", "easy", "fair",
    "famous", "fleet", "fluent", "fond", "frank", "fresh", "frosty", "gentle", "gifted", "glad", "golden", "handy", "happy", "hardy", "hearty",
    "honest", "humble", "jolly", "jovial", "keen", "kind", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild", "mindful", "modest",
    "neat", "nimble", "noble", "patient", "placid", "plucky", "polite", "proud", "quick", "quiet", "rapid", "ready", "robust", "rosy", "serene",
    "sharp", "silent", "sleek", "smart", "snowy", "sober", "spry", "steady", "stoic", "sturdy", "subtle", "sunny", "swift", "tidy", "trusty",
    "upbeat", "vivid", "warm", "wise", "witty", "zesty",
  ]

  private static let people = [
    "abel", "ampere", "archimedes", "avicenna", "babbage", "banach", "bernoulli", "bohr", "boole", "brahe", "cantor", "cauchy", "celsius", "cerf",
    "chandrasekhar", "chern", "church", "copernicus", "curie", "darwin", "descartes", "dijkstra", "dirac", "edison", "einstein", "erdos", "euclid",
    "euler", "faraday", "fermat", "fermi", "feynman", "fibonacci", "fourier", "franklin", "galileo", "galois", "gauss", "germain", "goedel",
    "goodall",
    "hamilton", "hamming", "herschel", "hertz", "hilbert", "hodgkin", "hopper", "hypatia", "jacobi", "johnson", "kelvin", "kepler", "knuth",
    "kolmogorov", "kovalevskaya", "lagrange", "lamarr", "laplace", "leavitt", "leibniz", "linnaeus", "lovelace", "maxwell", "mayer", "mcclintock",
    "meitner", "mendel", "mendeleev", "mirzakhani", "moebius", "napier", "newton", "nightingale", "nobel", "noether", "ohm", "pascal", "pasteur",
    "payne", "planck", "poincare", "ptolemy", "pythagoras", "ramanujan", "riemann", "ritchie", "rubin", "shannon", "somerville", "tesla", "thompson",
    "torvalds", "turing", "volta", "watt", "wiles", "wirth", "wu", "yalow", "yonath", "zeno",
  ]
}
