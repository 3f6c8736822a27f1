// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Annotations for the documents of a built image, each with the place that it is for.
package struct ImageAnnotations: Sendable, Hashable {
  package enum Place: String, Sendable, Hashable {
    case manifest, index
    case manifestDescriptor = "manifest-descriptor"
    case indexDescriptor = "index-descriptor"
  }

  private struct Entry: Sendable, Hashable {
    var place: Place
    /// `nil`: for every platform.
    var platform: Platform?
    var key: String
    var value: String
  }

  private var entries: [Entry] = []

  package init() {}

  /// An attribute of an exporter: `annotation.KEY`, `annotation-PLACE.KEY`, `annotation-PLACE[PLATFORM].KEY`. Others mean nothing.
  package mutating func add(attribute: String, _ value: String) throws(HullError) {
    let prefix = "annotation"
    guard attribute.hasPrefix(prefix), let dot = Self.end(of: attribute) else { return }
    let key = String(attribute[attribute.index(after: dot)...])
    var place = attribute[..<dot].dropFirst(prefix.count)
    guard place.isEmpty || place.first == "-" || place.first == "[", !key.isEmpty else { return }
    if place.first == "-" { place = place.dropFirst() }
    try add(place.isEmpty ? "manifest" : place.first == "[" ? "manifest\(place)" : String(place), key, value)
  }

  /// The dot before the key: not one within the brackets.
  private static func end(of attribute: String) -> String.Index? {
    guard let bracket = attribute.firstIndex(of: "["), bracket < attribute.firstIndex(of: ".") ?? attribute.endIndex else {
      return attribute.firstIndex(of: ".")
    }
    return attribute[bracket...].firstIndex(of: "]").flatMap { attribute[$0...].firstIndex(of: ".") }
  }

  /// An option of a command line: `KEY`, or `PLACE[PLATFORM],PLACE:KEY`.
  package mutating func add(option: String, _ value: String) throws(HullError) {
    guard let colon = option.firstIndex(of: ":") else { return try add("manifest", option, value) }
    let places = option[..<colon].split(separator: ",").map(String.init)
    guard places.allSatisfy({ Place(rawValue: String($0.prefix { $0 != "[" })) != nil }) else { return try add("manifest", option, value) }
    for place in places { try add(place, String(option[option.index(after: colon)...]), value) }
  }

  private mutating func add(_ place: String, _ key: String, _ value: String) throws(HullError) {
    let name = place.prefix { $0 != "[" }
    guard let kind = Place(rawValue: String(name)) else { throw HullError(.invalidArgument, "unrecognized annotation type \(quoted(String(name)))") }
    let text = place.dropFirst(name.count).dropFirst().prefix { $0 != "]" }
    entries.append(Entry(place: kind, platform: text.isEmpty ? nil : try Platform(parsing: String(text)).normalized, key: key, value: value))
  }

  package mutating func merge(_ other: ImageAnnotations) { entries += other.entries }

  func hasAny(besides place: Place) -> Bool { entries.contains { $0.place != place } }

  /// What is said in a place; of several values for a key the last.
  /// - Parameter platform: the image's.
  package func values(_ place: Place, for platform: Platform? = nil) -> [String: String] {
    let wanted = platform?.normalized
    let fitting = entries.filter { $0.place == place && ($0.platform == nil || wanted == nil || $0.platform == wanted) }
    return Dictionary(fitting.map { ($0.key, $0.value) }) { $1 }
  }

  /// Throws `invalidArgument` for a platform that is not built, and for annotations of an index where there will be none.
  func check(platforms: [Platform], hasIndex: Bool) throws(HullError) {
    let built = Set(platforms.map(\.normalized))
    if let stranger = entries.compactMap(\.platform).first(where: { !built.contains($0) }) {
      throw HullError(.invalidArgument, "invalid annotation: no platform \(stranger) found in source")
    }
    if !hasIndex, entries.contains(where: { $0.place == .index || $0.place == .indexDescriptor }) {
      throw HullError(.invalidArgument, "index annotations not supported for single platform export")
    }
  }
}
