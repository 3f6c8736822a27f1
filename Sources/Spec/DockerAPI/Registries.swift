// SPDX-License-Identifier: Apache-2.0

/// The answer of `POST /auth`.
package struct AuthAnswer: Codable, Sendable, Equatable, ZeroValue {
  @Field package var status: String
  @OmitEmpty package var identityToken: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case status = "Status"
    case identityToken = "IdentityToken"
  }
}

/// The body of `POST /auth`.
package struct AuthRequest: Codable, Sendable, Equatable, ZeroValue {
  @Field package var username: String
  @Field package var password: String
  @OmitEmpty package var auth: String
  @OmitEmpty package var serverAddress: String
  @OmitEmpty package var identityToken: String
  @OmitEmpty package var registryToken: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case username, password, auth
    case serverAddress = "serveraddress"
    case identityToken = "identitytoken"
    case registryToken = "registrytoken"
  }
}

/// One entry of `GET /images/search`.
package struct ImageSearchItem: Codable, Sendable, Equatable, ZeroValue {
  @Field package var starCount: Int
  @Field package var isOfficial: Bool
  @Field package var name: String
  @Field package var isAutomated: Bool
  @Field package var description: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name, description
    case starCount = "star_count"
    case isOfficial = "is_official"
    case isAutomated = "is_automated"
  }
}

/// The answer of `GET /distribution/{name}/json`.
package struct DistributionInspect: Codable, Sendable, Equatable, ZeroValue {
  @Field package var descriptor: DescriptorInfo
  @Field package var platforms: [PlatformInfo]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case descriptor = "Descriptor"
    case platforms = "Platforms"
  }
}

/// `aux` at the end of a push.
package struct PushResult: Codable, Sendable, Equatable, ZeroValue {
  @Field package var tag: String
  @Field package var digest: String
  @Field package var size: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case tag = "Tag"
    case digest = "Digest"
    case size = "Size"
  }
}

/// One of the images of an index, or what stands beside them, in `GET /images/json?manifests=1` and `GET /images/{name}/json?manifests=1`.
package struct ManifestSummary: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var descriptor: DescriptorInfo
  @Field package var available: Bool
  @Field package var size: ManifestSize
  /// `image`, `attestation` or `unknown`.
  @Field package var kind: String
  package var imageData: ManifestImage?
  package var attestationData: ManifestAttestation?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "ID"
    case descriptor = "Descriptor"
    case available = "Available"
    case size = "Size"
    case kind = "Kind"
    case imageData = "ImageData"
    case attestationData = "AttestationData"
  }
}

/// Bytes of a manifest's blobs, and with its unpacked layers.
package struct ManifestSize: Codable, Sendable, Equatable, ZeroValue {
  @Field package var total: Int64
  @Field package var content: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case total = "Total"
    case content = "Content"
  }
}

/// What is known of an image manifest.
package struct ManifestImage: Codable, Sendable, Equatable, ZeroValue {
  @Field package var platform: PlatformInfo
  @Field package var containers: [String]
  @Field package var size: UnpackedSize

  package init() {}

  enum CodingKeys: String, CodingKey {
    case platform = "Platform"
    case containers = "Containers"
    case size = "Size"
  }
}

/// Bytes of unpacked layers.
package struct UnpackedSize: Codable, Sendable, Equatable, ZeroValue {
  @Field package var unpacked: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case unpacked = "Unpacked"
  }
}

/// What an attestation is about.
package struct ManifestAttestation: Codable, Sendable, Equatable, ZeroValue {
  @Field package var `for`: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case `for` = "For"
  }
}
