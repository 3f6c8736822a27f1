// SPDX-License-Identifier: Apache-2.0

/// A rule of the build checks, as BuildKit words it: clients show and compare the texts.
struct CheckRule: Sendable {
  let name: String
  let description: String
  /// The last part of the page's address; `nil`: there is no page.
  let page: String?
  /// Only on demand.
  let isExperimental: Bool

  init(_ name: String, page: String?, isExperimental: Bool = false, _ description: String) {
    self.name = name
    self.description = description
    self.page = page
    self.isExperimental = isExperimental
  }

  func warning(_ message: String, at location: SourceRange?) -> BuildWarning {
    let url = page.map { "https://docs.docker.com/go/dockerfile/rule/\($0)/" } ?? ""
    return BuildWarning(rule: name, description: description, message: message, url: url, location: location)
  }
}

extension CheckRule {
  static let stageNameCasing = CheckRule("StageNameCasing", page: "stage-name-casing", "Stage names should be lowercase")
  static let fromAsCasing = CheckRule("FromAsCasing", page: "from-as-casing", "The 'as' keyword should match the case of the 'from' keyword")
  static let noEmptyContinuation = CheckRule(
    "NoEmptyContinuation", page: "no-empty-continuation", "Empty continuation lines will become errors in a future release")
  static let consistentInstructionCasing = CheckRule(
    "ConsistentInstructionCasing", page: "consistent-instruction-casing",
    "All commands within the Dockerfile should use the same casing (either upper or lower)")
  static let duplicateStageName = CheckRule("DuplicateStageName", page: "duplicate-stage-name", "Stage names should be unique")
  static let reservedStageName = CheckRule("ReservedStageName", page: "reserved-stage-name", "Reserved words should not be used as stage names")
  static let jsonArgsRecommended = CheckRule(
    "JSONArgsRecommended", page: "json-args-recommended",
    "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals")
  static let maintainerDeprecated = CheckRule(
    "MaintainerDeprecated", page: "maintainer-deprecated",
    "The MAINTAINER instruction is deprecated, use a label instead to define an image author")
  static let undefinedArgInFrom = CheckRule("UndefinedArgInFrom", page: "undefined-arg-in-from", "FROM command must use declared ARGs")
  static let workdirRelativePath = CheckRule(
    "WorkdirRelativePath", page: "workdir-relative-path",
    "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes")
  static let undefinedVar = CheckRule("UndefinedVar", page: "undefined-var", "Variables should be defined before their use")
  static let multipleInstructionsDisallowed = CheckRule(
    "MultipleInstructionsDisallowed", page: "multiple-instructions-disallowed",
    "Multiple instructions of the same type should not be used in the same stage")
  static let legacyKeyValueFormat = CheckRule(
    "LegacyKeyValueFormat", page: "legacy-key-value-format", "Legacy key/value format with whitespace separator should not be used")
  static let invalidBaseImagePlatform = CheckRule(
    "InvalidBaseImagePlatform", page: nil, "Base image platform does not match expected target platform")
  static let redundantTargetPlatform = CheckRule(
    "RedundantTargetPlatform", page: "redundant-target-platform",
    "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior")
  static let secretsUsedInArgOrEnv = CheckRule(
    "SecretsUsedInArgOrEnv", page: "secrets-used-in-arg-or-env", "Sensitive data should not be used in the ARG or ENV commands")
  static let invalidDefaultArgInFrom = CheckRule(
    "InvalidDefaultArgInFrom", page: "invalid-default-arg-in-from", "Default value for global ARG results in an empty or invalid base image name")
  static let fromPlatformFlagConstDisallowed = CheckRule(
    "FromPlatformFlagConstDisallowed", page: "from-platform-flag-const-disallowed", "FROM --platform flag should not use a constant value")
  static let copyIgnoredFile = CheckRule(
    "CopyIgnoredFile", page: "copy-ignored-file", "Attempting to Copy file that is excluded by .dockerignore")
  static let invalidDefinitionDescription = CheckRule(
    "InvalidDefinitionDescription", page: "invalid-definition-description", isExperimental: true,
    "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. "
      + "If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.")
  static let exposeProtoCasing = CheckRule("ExposeProtoCasing", page: "expose-proto-casing", "Protocol in EXPOSE instruction should be lowercase")
  static let exposeInvalidFormat = CheckRule(
    "ExposeInvalidFormat", page: "expose-invalid-format",
    "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release")
}
