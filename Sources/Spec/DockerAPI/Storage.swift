// SPDX-License-Identifier: Apache-2.0

/// `GET /hull/images/{name}/layers`: what an image consists of.
package struct ImageInsides: Codable, Sendable, Equatable, ZeroValue {
  package var id = ""
  /// Bytes of the unpacked layers.
  package var size: Int64 = 0
  /// Bytes of files that a later layer hides.
  package var wasted: Int64 = 0
  /// The lowest first.
  package var layers: [LayerInsides] = []

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case size = "Size"
    case wasted = "Wasted"
    case layers = "Layers"
  }
}

/// One layer of an image.
package struct LayerInsides: Codable, Sendable, Equatable, ZeroValue {
  package var diffID = ""
  /// Of the layer as it is stored.
  package var digest = ""
  /// Bytes of its unpacked files.
  package var size: Int64 = 0
  /// Bytes as it is stored.
  package var compressedSize: Int64 = 0
  /// The instruction that made it.
  package var createdBy = ""
  package var wasted: Int64 = 0
  /// The largest of the image, largest first.
  package var wastedFiles: [WastedFile] = []

  package init() {}

  enum CodingKeys: String, CodingKey {
    case diffID = "DiffID"
    case digest = "Digest"
    case size = "Size"
    case compressedSize = "CompressedSize"
    case createdBy = "CreatedBy"
    case wasted = "Wasted"
    case wastedFiles = "WastedFiles"
  }
}

/// A file that a later layer hides.
package struct WastedFile: Codable, Sendable, Equatable, ZeroValue {
  package var path = ""
  package var size: Int64 = 0
  /// `overwritten` or `removed`.
  package var why = ""
  /// The later layer's position; the lowest is 0.
  package var layer = 0

  package init() {}

  enum CodingKeys: String, CodingKey {
    case path = "Path"
    case size = "Size"
    case why = "Why"
    case layer = "Layer"
  }
}

/// A path that two images do not have in common. `GET /hull/images/diff`.
package struct PathChange: Codable, Sendable, Equatable, ZeroValue {
  package var path = ""
  /// `added`, `removed` or `changed`.
  package var kind = ""
  package var sizeFrom: Int64 = 0
  package var sizeTo: Int64 = 0
  /// Of a change: `content`, `mode`, `owner`, `link`, `type`, `attributes`.
  package var what: [String] = []

  package init() {}

  enum CodingKeys: String, CodingKey {
    case path = "Path"
    case kind = "Kind"
    case sizeFrom = "SizeFrom"
    case sizeTo = "SizeTo"
    case what = "What"
  }
}

/// A member of two images' configurations that differs.
package struct ConfigChange: Codable, Sendable, Equatable, ZeroValue {
  package var field = ""
  package var from = ""
  package var to = ""

  package init() {}

  enum CodingKeys: String, CodingKey {
    case field = "Field"
    case from = "From"
    case to = "To"
  }
}

/// `GET /hull/store/why/{id}`.
package struct KeptObjectAnswer: Codable, Sendable, Equatable, ZeroValue {
  package var object = ""
  /// `image`, `layer` or `blob`.
  package var kind = ""
  package var size: Int64 = 0
  /// None: it goes with the next collection.
  package var reasons: [KeepReasonAnswer] = []

  package init() {}

  enum CodingKeys: String, CodingKey {
    case object = "Object"
    case kind = "Kind"
    case size = "Size"
    case reasons = "Reasons"
  }
}

/// Why something is kept.
package struct KeepReasonAnswer: Codable, Sendable, Equatable, ZeroValue {
  /// `tag`, `digest`, `container`, `child`, `index`, `referrer`, `image`, `operation` or `download`.
  package var kind = ""
  package var name = ""

  package init() {}

  enum CodingKeys: String, CodingKey {
    case kind = "Kind"
    case name = "Name"
  }
}

/// `POST /hull/store/check`.
package struct StoreCheckAnswer: Codable, Sendable, Equatable, ZeroValue {
  package var checked = CheckedCounts()
  package var problems: [ProblemAnswer] = []

  package init() {}

  enum CodingKeys: String, CodingKey {
    case checked = "Checked"
    case problems = "Problems"
  }
}

/// What a check has looked at.
package struct CheckedCounts: Codable, Sendable, Equatable, ZeroValue {
  package var blobs = 0
  package var layers = 0
  package var images = 0
  package var files = 0
  package var bytes: Int64 = 0

  package init() {}

  enum CodingKeys: String, CodingKey {
    case blobs = "Blobs"
    case layers = "Layers"
    case images = "Images"
    case files = "Files"
    case bytes = "Bytes"
  }
}

/// Something that is not as it should be.
package struct ProblemAnswer: Codable, Sendable, Equatable, ZeroValue {
  package var object = ""
  package var problem = ""
  package var bytes: Int64 = 0
  package var mended = false
  package var fix = ""

  package init() {}

  enum CodingKeys: String, CodingKey {
    case object = "Object"
    case problem = "Problem"
    case bytes = "Bytes"
    case mended = "Mended"
    case fix = "Fix"
  }
}
