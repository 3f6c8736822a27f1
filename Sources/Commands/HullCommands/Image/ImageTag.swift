// SPDX-License-Identifier: Apache-2.0

/// `hull tag`
enum ImageTag {
  static let command = Command(
    name: "tag", summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE", usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    aliases: ["image tag", "tag"], arguments: .exactly(2), completion: .images,
    run: { call in
      let (repository, tag) = ImageName.parts(call.arguments[1])
      _ = try call.engine().bytes("POST", call.image(call.arguments[0], "/tag"), query: [("repo", repository), ("tag", tag)])
      return 0
    })
}
