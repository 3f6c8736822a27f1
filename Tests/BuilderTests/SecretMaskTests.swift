// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import Builder

@Suite("Secrets in what commands write")
struct SecretMaskTests {
  private final class Heard: Sendable {
    let pieces = Mutex<[(Int, String)]>([])
    func text(_ stream: Int = 1) -> String { pieces.withLock { $0.filter { $0.0 == stream }.map(\.1).joined() } }
  }

  /// What is heard of pieces that are written one after the other.
  private func masked(_ pieces: [String], secrets: [String] = ["geheim"]) -> String {
    let heard = Heard()
    let mask = SecretMask(secrets.map { Array($0.utf8) }, patience: .seconds(100)) { stream, bytes in
      heard.pieces.withLock { $0.append((stream, String(decoding: bytes, as: UTF8.self))) }
    }
    for piece in pieces { mask.write(1, Array(piece.utf8)) }
    mask.finish()
    return heard.text()
  }

  @Test(arguments: [["geheim"], ["ge", "heim"], ["g", "e", "h", "e", "i", "m"], ["", "geh", "", "eim"]])
  func aSecretIsHiddenInWhateverPiecesItComes(_ pieces: [String]) {
    #expect(masked(pieces) == "*****")
    #expect(masked(["before "] + pieces + [" after"]) == "before ***** after")
    #expect(masked(pieces + pieces) == "**********")
  }

  @Test func whatOnlyBeginsLikeASecretIsShown() {
    #expect(masked(["gehe", "n"]) == "gehen")
    #expect(masked(["gegeh", "eim"]) == "ge*****")
    #expect(masked(["gehe"]) == "gehe")
  }

  @Test func theLongerOfTwoSecretsIsHiddenWhole() {
    #expect(masked(["geheim", "nis!"], secrets: ["geheim", "geheimnis"]) == "*****!")
    #expect(masked(["geheim", "rat"], secrets: ["geheim", "geheimnis"]) == "*****rat")
  }

  @Test func theNewLineAtTheEndOfAFileIsNoPartOfASecret() {
    #expect(masked(["x geheim y"], secrets: ["geheim\n"]) == "x ***** y")
    #expect(masked(["geheim\n"], secrets: ["geheim\n"]) == "*****")
  }

  @Test func veryShortOnesAreNoSecrets() { #expect(masked(["a 1 b"], secrets: ["1", ""]) == "a 1 b") }

  @Test func streamsAreApart() {
    let heard = Heard()
    let mask = SecretMask([Array("geheim".utf8)], patience: .seconds(100)) { stream, bytes in
      heard.pieces.withLock { $0.append((stream, String(decoding: bytes, as: UTF8.self))) }
    }
    mask.write(1, Array("ge".utf8))
    mask.write(2, Array("heim".utf8))
    mask.write(1, Array("heim".utf8))
    mask.finish()
    #expect(heard.text(1) == "*****")
    #expect(heard.text(2) == "heim")
  }

  @Test func whatWaitsIsNotHeldBackForLong() async {
    let (pieces, sink) = AsyncStream<[UInt8]>.makeStream()
    let mask = SecretMask([Array("question? yes".utf8)], patience: .milliseconds(50)) { _, bytes in sink.yield(bytes) }
    mask.write(1, Array("question?".utf8))
    for await piece in pieces {
      #expect(piece == Array("question?".utf8))
      break
    }
  }
}
