// SPDX-License-Identifier: Apache-2.0

/// One repository that a search found.
package struct SearchResult: Sendable, Hashable, Codable {
  package var name: String
  package var description: String
  package var starCount: Int
  package var isOfficial: Bool
  package var isAutomated: Bool

  enum CodingKeys: String, CodingKey {
    case name, description
    case starCount = "star_count"
    case isOfficial = "is_official"
    case isAutomated = "is_automated"
  }

  package init(name: String, description: String = "", starCount: Int = 0, isOfficial: Bool = false, isAutomated: Bool = false) {
    self.name = name
    self.description = description
    self.starCount = starCount
    self.isOfficial = isOfficial
    self.isAutomated = isAutomated
  }

  /// Lenient about what an index leaves out.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    description = try container.decodeIfPresent(String.self, forKey: .description) ?? ""
    starCount = try container.decodeIfPresent(Int.self, forKey: .starCount) ?? 0
    isOfficial = try container.decodeIfPresent(Bool.self, forKey: .isOfficial) ?? false
    isAutomated = try container.decodeIfPresent(Bool.self, forKey: .isAutomated) ?? false
  }
}

/// Which results are wanted: the filters of `docker search`.
package struct SearchFilter: Sendable, Hashable {
  package var isOfficial: Bool?
  package var isAutomated: Bool?
  /// At least so many.
  package var stars = 0

  package init(isOfficial: Bool? = nil, isAutomated: Bool? = nil, stars: Int = 0) {
    self.isOfficial = isOfficial
    self.isAutomated = isAutomated
    self.stars = stars
  }

  func admits(_ result: SearchResult) -> Bool {
    result.starCount >= stars && isOfficial.map { $0 == result.isOfficial } ?? true && isAutomated.map { $0 == result.isAutomated } ?? true
  }
}
