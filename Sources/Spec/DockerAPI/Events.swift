// SPDX-License-Identifier: Apache-2.0

/// One event of `GET /events`.
package struct EventMessage: Codable, Sendable, Equatable, ZeroValue {
  /// only for containers and images, as before API 1.22
  @OmitEmpty package var status: String
  @OmitEmpty package var id: String
  @OmitEmpty package var from: String
  @Field package var type: String
  @Field package var action: String
  @Field package var actor: EventActor
  @Field package var scope: String
  /// seconds
  @Field package var time: Int64
  @Field package var timeNano: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case status
    case id
    case from
    case type = "Type"
    case action = "Action"
    case actor = "Actor"
    case scope
    case time
    case timeNano
  }
}

/// What an event is about.
package struct EventActor: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var attributes: [String: String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "ID"
    case attributes = "Attributes"
  }
}
