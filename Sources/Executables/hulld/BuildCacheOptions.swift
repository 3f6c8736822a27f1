// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Engine
import Errors
import ImageStore

/// What the command line says about the build cache.
struct BuildCacheOptions: ParsableArguments {
  @Option(
    name: .customLong("build-cache-reserved-space"),
    help: "What the build cache keeps in any case, SIZE or PERCENT of the disk (default: a tenth of it, at most 10g).")
  var reserved: String?

  @Option(
    name: .customLong("build-cache-max-used-space"),
    help: "What the build cache may take, SIZE or PERCENT of the disk; 0: no limit (default: four fifths of it, at most 100g).")
  var maxUsed: String?

  @Option(
    name: .customLong("build-cache-min-free-space"),
    help: "What the build cache leaves free of the disk, SIZE or PERCENT; 0: nothing.")
  var minFree = "20%"

  @Option(
    name: .customLong("build-cache-keep-duration"),
    help: "How long what is not used stays in the build cache, as 1440h; 0: until the space is needed.")
  var keep = "1440h"

  /// Throws `invalidArgument` with the option's name.
  func policy() throws(HullError) -> BuildCachePolicy {
    var policy = BuildCachePolicy()
    policy.reserved = try reserved.map { (text) throws(HullError) in try size(text, "reserved-space") }
    policy.maxUsed = try maxUsed.map { (text) throws(HullError) in try size(text, "max-used-space") }
    policy.minFree = try size(minFree, "min-free-space")
    guard let nanoseconds = keep == "0" ? 0 : PruneTime.duration(keep), nanoseconds >= 0 else {
      throw HullError(.invalidArgument, "invalid --build-cache-keep-duration '\(keep)': use a duration such as 48h, or 0")
    }
    policy.keep = nanoseconds / 1_000_000_000
    return policy
  }

  private func size(_ text: String, _ option: String) throws(HullError) -> DiskBudget {
    do { return try DiskBudget(parsing: text) } catch {
      throw HullError(.invalidArgument, "invalid --build-cache-\(option) '\(text)': use a size such as 20g, a percentage such as 80%, or 0")
    }
  }
}
