// SPDX-License-Identifier: Apache-2.0
import Archive
import OCISpec
import Testing

@testable import Builder

@Suite("Parts of vertices")
struct OpenPartsTests {
  private let vertex = SHA256.digest(of: "vertex")

  private func told(_ events: [BuildEvent]) -> [String] {
    events.map { event in
      switch event {
      case .progress(_, let id, let current, let total, let started, let completed):
        "\(id) \(current)/\(total) \(started)-\(completed.map(String.init) ?? "")"
      case .finished: "finished"
      default: "other"
      }
    }
  }

  private func part(_ id: String, _ current: Int64, of total: Int64, at started: Int64, completed: Int64? = nil) -> BuildEvent {
    .progress(vertex, id: id, current: current, total: total, started: started, completed: completed)
  }

  private func done(_ error: String? = nil) -> BuildEvent { .finished(vertex, time: 9, cached: false, error: error) }

  @Test func whatIsOpenIsDoneWithItsVertex() {
    var parts = OpenParts()
    #expect(told(parts.complete(part("context", 5, of: 0, at: 1))) == ["context 5/0 1-"])
    #expect(told(parts.complete(part("layer", 5, of: 10, at: 2))) == ["layer 5/10 2-"])
    #expect(told(parts.complete(done())) == ["context 5/0 1-9", "layer 10/10 2-9", "finished"])
    #expect(told(parts.complete(done())) == ["finished"])
  }

  @Test func aPartBeganWhenItWasFirstToldOf() {
    var parts = OpenParts()
    _ = parts.complete(part("layer", 1, of: 10, at: 2))
    #expect(told(parts.complete(part("layer", 6, of: 10, at: 4))) == ["layer 6/10 2-"])
    #expect(told(parts.complete(part("layer", 10, of: 10, at: 6, completed: 8))) == ["layer 10/10 2-8"])
    #expect(told(parts.complete(done())) == ["finished"])
  }

  @Test func whatFailsIsNotDone() {
    var parts = OpenParts()
    _ = parts.complete(part("layer", 1, of: 10, at: 2))
    #expect(told(parts.complete(done("no"))) == ["finished"])
  }
}
