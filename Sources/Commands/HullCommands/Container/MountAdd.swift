// SPDX-License-Identifier: Apache-2.0

/// `hull container mount add`
enum MountAdd {
  static let command = Command(
    name: "add", summary: "Mount a directory, a volume or an image in a running container",
    details: """
      SPEC is what --mount or --volume of 'hull run' take:
        type=bind,source=/srv/data,target=/data,readonly
        /srv/data:/data:ro
        cache:/var/cache
      """, usage: "CONTAINER SPEC", arguments: .exactly(2), completion: .runningContainers,
    run: { call in
      let mount = try MountSpec.either(call.arguments[1])
      _ = try call.engine().bytes("POST", "/hull" + call.container(call.arguments[0], "/mounts"), body: mount)
      return 0
    })
}
