// SPDX-License-Identifier: Apache-2.0

extension BuildWarning {
  static func noEmptyContinuation(at location: SourceRange) -> BuildWarning {
    BuildWarning(
      rule: "NoEmptyContinuation", description: "Empty continuation lines will become errors in a future release", message: "Empty continuation line",
      url: "https://docs.docker.com/go/dockerfile/rule/no-empty-continuation/", location: location)
  }
}
