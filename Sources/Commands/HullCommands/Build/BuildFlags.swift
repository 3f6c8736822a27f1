// SPDX-License-Identifier: Apache-2.0
import Errors

/// The flags of `build`: those of `docker build` and `docker buildx build`.
enum BuildFlags {
  static var all: [Flag] { what + result + cache + access + limits + shown }

  private static var what: [Flag] {
    [
      .string("file,f", "Name of the Dockerfile (default: \"PATH/Dockerfile\")"),
      .list("build-arg", type: "stringArray", "Set build-time variables"),
      .list("build-context", type: "stringArray", "Additional build contexts (e.g., name=path)"),
      .string("target", "Set the target build stage to build"),
      .list("platform", type: "stringArray", "Set target platform for build"),
      .bool("pull", "Always attempt to pull all referenced images"),
      .string("call", "Set method for evaluating build (\"check\")", initial: "build"),
      .bool("check", "Only run the build checks"),
      .bool("compress", "Compress the build context using gzip").concealed(),
      .bool("rm", "Remove intermediate containers", initial: true).concealed(),
      .bool("force-rm", "Always remove intermediate containers").concealed(),
      .string("isolation", "Container isolation technology").concealed(),
      .list("security-opt", "Security options").concealed(),
      .bool("disable-content-trust", "Skip image verification", initial: true).concealed(),
      .string("builder", "Override the configured builder instance").concealed(),
    ]
  }

  private static var result: [Flag] {
    [
      .list("tag,t", type: "stringArray", "Image identifier (format: \"[registry/]repository[:tag]\")"),
      .list("label", type: "stringArray", "Set metadata for an image"),
      .list("annotation", type: "stringArray", "Add annotation to the image"),
      .list("output,o", type: "stringArray", "Output destination (format: \"type=local,dest=path\")"),
      .bool("push", "Shorthand for \"--output=type=registry\""),
      .bool("load", "Shorthand for \"--output=type=docker\": the image store has it anyway"),
      .string("iidfile", "Write the image ID to a file"),
      .string("metadata-file", "Write build result metadata to a file"),
      .bool("squash", "Squash newly built layers into a single new layer"),
      .list("attest", type: "stringArray", "Attestation parameters (format: \"type=sbom,generator=image\")"),
      .string("provenance", "Shorthand for \"--attest=type=provenance\""),
      .string("sbom", "Shorthand for \"--attest=type=sbom\""),
    ]
  }

  private static var cache: [Flag] {
    [
      .bool("no-cache", "Do not use cache when building the image"),
      .list("no-cache-filter", type: "stringArray", "Do not cache specified stages"),
      .list("cache-from", type: "stringArray", "External cache sources (e.g., \"user/app:cache\", \"type=local,src=path/to/dir\")"),
      .list("cache-to", type: "stringArray", "Cache export destinations (e.g., \"user/app:cache\", \"type=local,dest=path/to/dir\")"),
      .bool("explain", "Say of each step that ran why it was not in the cache"),
    ]
  }

  private static var access: [Flag] {
    [
      .list("secret", type: "stringArray", "Secret to expose to the build (format: \"id=mysecret[,src=/local/secret]\")"),
      .list("ssh", type: "stringArray", "SSH agent socket to expose to the build (format: \"default|<id>[=<socket>]\")"),
      .list("allow", type: "stringArray", "Allow extra privileged entitlement (\"security.insecure\", \"network.host\")"),
      .string("network", "Set the networking mode for the \"RUN\" instructions during build", initial: "default"),
      .list("add-host", type: "strings", "Add a custom host-to-IP mapping (format: \"host:ip\")", check: RunValues.extraHost),
    ]
  }

  private static var limits: [Flag] {
    [
      .bytes("memory,m", "Memory limit"),
      .string("memory-swap", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap"),
      .int("cpu-shares,c", "CPU shares (relative weight)"),
      .int("cpu-period", "Limit the CPU CFS (Completely Fair Scheduler) period"),
      .int("cpu-quota", "Limit the CPU CFS (Completely Fair Scheduler) quota"),
      .string("cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)"),
      .string("cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)"),
      .string("cgroup-parent", "Set the parent cgroup for the \"RUN\" instructions during build"),
      .bytes("shm-size", "Shared memory size for build containers"),
      .list("ulimit", type: "ulimit", "Ulimit options", shown: "[]", check: RunValues.checkedUlimit),
    ]
  }

  private static var shown: [Flag] {
    [
      .value(
        "progress", type: "string", "Set type of progress output (\"auto\", \"plain\", \"tty\", \"quiet\", \"rawjson\")",
        initial: Environment.value("BUILDKIT_PROGRESS") ?? "auto", shown: "auto"
      ) {
        guard ["auto", "plain", "tty", "quiet", "json", "rawjson", ""].contains($0) else {
          throw HullError(.invalidArgument, "use auto, plain, tty, quiet or json")
        }
        return $0
      },
      .bool("quiet,q", "Suppress the build output and print image ID on success"),
      .bool("debug,D", "Enable debug logging").concealed(),
    ]
  }
}
