// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Testing

@Suite struct CheckTests {
  private func found(_ text: String, _ arguments: [String: String] = [:]) throws -> [String] {
    try BuildChecks.run(DockerfileParser.parse(text), arguments: arguments).map { "\($0.rule) \($0.location?.startLine ?? 0): \($0.message)" }
  }

  @Test(arguments: [
    ("FROM scratch AS Base", "StageNameCasing 1: Stage name 'Base' should be lowercase"),
    ("FROM scratch as base", "FromAsCasing 1: 'as' and 'FROM' keywords' casing do not match"),
    ("from scratch AS base", "FromAsCasing 1: 'AS' and 'from' keywords' casing do not match"),
    ("FROM scratch\nRUN a \\\n\n  b", "NoEmptyContinuation 4: Empty continuation line"),
    ("FROM scratch\nrun a", "ConsistentInstructionCasing 2: Command 'run' should match the case of the command majority (uppercase)"),
    ("from scratch\nuser a\nWorkdir /", "ConsistentInstructionCasing 3: Command 'Workdir' should match the case of the command majority (lowercase)"),
    ("FROM scratch AS a\nFROM scratch AS a", "DuplicateStageName 2: Duplicate stage name \"a\", stage names should be unique"),
    ("FROM scratch AS context", "ReservedStageName 1: Stage name should not use the same name as reserved stage \"context\""),
    ("FROM scratch\nCMD a", "JSONArgsRecommended 2: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals"),
    ("FROM scratch\nMAINTAINER me", "MaintainerDeprecated 2: Maintainer instruction is deprecated in favor of using label"),
    ("ARG BASE=a\nFROM $BAES", "UndefinedArgInFrom 2: FROM argument 'BAES' is not declared (did you mean BASE?)"),
    ("FROM scratch\nWORKDIR app", "WorkdirRelativePath 2: Relative workdir \"app\" can have unexpected results if the base image changes"),
    (
      "FROM scratch\nCMD [\"a\"]\nCMD [\"b\"]",
      "MultipleInstructionsDisallowed 2: Multiple CMD instructions should not be used in the same stage because only the last one will be used"
    ),
    ("FROM scratch\nENV a b", "LegacyKeyValueFormat 2: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format"),
    (
      "FROM --platform=$TARGETPLATFORM scratch",
      "RedundantTargetPlatform 1: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior"
    ),
    ("FROM scratch\nENV API_KEY=x", "SecretsUsedInArgOrEnv 2: Do not use ARG or ENV instructions for sensitive data (ENV \"API_KEY\")"),
    ("FROM scratch\nARG password", "SecretsUsedInArgOrEnv 2: Do not use ARG or ENV instructions for sensitive data (ARG \"password\")"),
    ("ARG TAG\nFROM busybox:${TAG}", "InvalidDefaultArgInFrom 2: Default value for ARG busybox:${TAG} results in empty or invalid base image name"),
    (
      "FROM --platform=linux/amd64 scratch AS base",
      "FromPlatformFlagConstDisallowed 1: FROM --platform flag should not use constant value \"linux/amd64\""
    ),
    ("FROM scratch\nEXPOSE 80/TCP", "ExposeProtoCasing 2: Defined protocol '80/TCP' in EXPOSE instruction should be lowercase"),
    (
      "FROM scratch\nEXPOSE 127.0.0.1:80:80",
      "ExposeInvalidFormat 2: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80'"
    ),
    (
      "# check=experimental=all\nARG B\n# nothing\nFROM scratch AS a",
      "InvalidDefinitionDescription 4: Comment for FROM should follow the format: `# a <description>`"
    ),
  ])
  func everyRuleFindsItsMistake(text: String, finding: String) throws {
    let found = try found(text)
    #expect(found.contains(finding), "\(found)")
    #expect(found.count == 1 || text.contains("BAES"), "\(found)")
  }

  @Test(arguments: [
    "ARG TAG=1\nFROM busybox:${TAG} AS base\nRUN a", "FROM scratch\nSHELL [\"/bin/sh\"]\nCMD a",
    "FROM scratch AS a\nSHELL [\"/bin/sh\"]\nWORKDIR /a\nFROM a\nCMD x\nWORKDIR b",
    "FROM --platform=$BUILDPLATFORM scratch", "FROM --platform=linux/amd64 scratch AS build-amd64",
    "FROM scratch\nENV TOKEN_FILE=x PUBLIC_KEY=y MONKEY=z", "FROM scratch\nWORKDIR $HOME",
    "FROM scratch\nWORKDIR \"/a\"", "FROM scratch\nCMD [\"a\"]\nENTRYPOINT [\"b\"]", "FROM a AS x\nCMD [\"a\"]\nFROM b AS y\nCMD [\"a\"]",
    "FROM localhost:5000/a/b:c@sha256:00\nEXPOSE 80 $P",
    "# nothing\nFROM scratch AS a", "FROM scratch AS b\nFROM ${B:-b}",
  ])
  func goodFilesHaveNoFindings(text: String) throws {
    #expect(try found(text).filter { !$0.hasPrefix("UndefinedArgInFrom") } == [])
  }

  @Test func findingsCanBeSkipped() throws {
    let text = "FROM scratch as A\nMAINTAINER x\n# check=skip=LegacyKeyValueFormat\nENV a b\nENV c d"
    #expect(
      try found(text).map { $0.prefix { $0 != ":" } } == ["StageNameCasing 1", "FromAsCasing 1", "MaintainerDeprecated 2", "LegacyKeyValueFormat 5"])
    #expect(try found("# check=skip=FromAsCasing,StageNameCasing\n" + text).count == 2)
    #expect(try found("# check=skip=all\n" + text).isEmpty)
    #expect(try found(text, ["BUILDKIT_DOCKERFILE_CHECK": "skip=all"]).isEmpty)
    #expect(throws: HullError.self) { try found(text, ["BUILDKIT_DOCKERFILE_CHECK": "skip"]) }
  }

  @Test func findingsFailTheBuildWhenTheFileSaysSo() throws {
    let file = try DockerfileParser.parse("# check=error=true\nFROM scratch as A")
    let warnings = try BuildChecks.run(file)
    #expect(try CheckPolicy(file).failure(for: warnings)?.message == "lint violation found for rules: FromAsCasing, StageNameCasing")
    #expect(try CheckPolicy(file).failure(for: []) == nil)
    #expect(try CheckPolicy(file, arguments: ["BUILDKIT_DOCKERFILE_CHECK": "error=false"]).failure(for: warnings) == nil)
  }

  @Test func onlyStagesThatAreBuiltAreLookedInto() throws {
    let file = try DockerfileParser.parse("FROM scratch AS a\nCMD a\nFROM scratch AS b\nCMD b")
    #expect(try BuildChecks.run(file, stages: [1]).compactMap(\.location?.startLine) == [4])
  }

  @Test func everyFindingHasAPage() throws {
    let warning = try #require(try BuildChecks.run(DockerfileParser.parse("FROM scratch AS A")).first)
    #expect(
      warning.url == "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/" && warning.description == "Stage names should be lowercase")
  }

  @Test func thePlannerHasFindingsOfItsOwn() throws {
    let undefined = BuildWarning.undefinedVariables(
      ["PAHT", "DECLARED", "BUILDKIT_SBOM_SCAN_STAGE"], declared: ["DECLARED"], environment: ["PATH"], at: nil)
    #expect(undefined.map(\.message) == ["Usage of undefined variable '$PAHT' (did you mean $PATH?)"])
    let platform = BuildWarning.baseImagePlatform(of: "a", actual: "linux/arm64", expected: "linux/amd64", at: nil)
    #expect(platform.message == "Base image a was pulled with platform \"linux/arm64\", expected \"linux/amd64\" for current build")
    let ignore = try IgnorePatterns(["*.tmp"])
    #expect(
      BuildWarning.ignoredSource("./a.tmp", isAdd: false, patterns: ignore, at: nil)?.message
        == "Attempting to Copy file \"a.tmp\" that is excluded by .dockerignore")
    #expect(BuildWarning.ignoredSource(".", isAdd: true, patterns: ignore, at: nil) == nil)
    #expect(BuildWarning.ignoredSource(".", isAdd: true, patterns: try IgnorePatterns(["*"]), at: nil)?.rule == "CopyIgnoredFile")
    #expect(BuildWarning.ignoredSource("a.tmp", isAdd: true, patterns: try IgnorePatterns(["*", "!b"]), at: nil) == nil)
  }
}
