// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// What each place said, until one has what is wanted; becomes one error, in Docker's words where it has some.
struct PlaceReports {
  enum Subject {
    case manifest(ManifestSelector)
    case blob(Digest)
    case push(String)
    case list(String)
  }

  private let reference: Reference
  private let subject: Subject
  private var entries: [(place: Place, failure: PlaceFailure)] = []

  init(_ reference: Reference, _ subject: Subject) {
    self.reference = reference
    self.subject = subject
  }

  mutating func add(_ place: Place, _ failure: PlaceFailure) { entries.append((place, failure)) }

  /// The registry's own word first, or the last mirror's; then what the others said.
  var error: HullError {
    guard let index = entries.lastIndex(where: \.place.isRegistry) ?? entries.indices.last else {
      return HullError(.notFound, "\(named): no place resolves tags: ask for a digest, or let a mirror resolve tags")
    }
    let main = translated(entries[index].failure, at: entries[index].place)
    let others = entries.enumerated().filter { $0.offset != index }.map { "\($0.element.place.described): \($0.element.failure.error.message)" }
    return others.isEmpty ? main : HullError(main.code, "\(main.message) (\(others.joined(separator: "; ")))")
  }

  /// What is meant, for people.
  private var named: String {
    switch subject {
    case .manifest(.tag(let tag)): "\(reference.familiarName):\(tag)"
    case .manifest(.digest(let digest)): "\(reference.familiarName)@\(digest)"
    case .blob(let digest): "\(reference.familiarName): blob \(digest)"
    case .push(let what): "cannot push \(what) to \(reference.familiarName)"
    case .list(let what): "\(what) of \(reference.familiarName)"
    }
  }

  private func translated(_ failure: PlaceFailure, at place: Place) -> HullError {
    let said = failure.error.message
    switch (subject, failure.code) {
    case (.push, _): break
    case (_, "DENIED"):
      return HullError(
        .notFound, "pull access denied for \(reference.familiarName), repository does not exist or may require 'docker login': \(said)")
    case (_, "NAME_UNKNOWN"): return HullError(.notFound, "repository \(reference.familiarName) not found: \(said)")
    case (.manifest, "MANIFEST_UNKNOWN"): return HullError(.notFound, "manifest for \(named) not found: \(said)")
    default: break
    }
    // An answer 401 makes Docker's client ask for a login, where there may be nobody to ask: only a login itself is refused so.
    let code = failure.error.code == .unauthorized ? .internalError : failure.error.code
    return HullError(code, place.isRegistry ? "\(named): \(said)" : "\(named): \(place.described): \(said)")
  }
}
