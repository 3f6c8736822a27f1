// SPDX-License-Identifier: Apache-2.0

/// A parsed Dockerfile (Dockerfile reference, `docker/dockerfile` 1.x): nothing is expanded yet, for that needs the base images' environments.
package struct Dockerfile: Sendable, Hashable {
  package var directives: Directives
  /// `ARG`s before the first `FROM`.
  package var metaArguments: [Instruction]
  package var stages: [Stage]
  /// What the build checks found that needs no expansion.
  package var warnings: [BuildWarning]
  /// The text by lines, for messages.
  package var lines: [String]
  /// The last of them ends with a newline.
  package var endsLine = false
}

/// Parser directives: `# key=value` lines at the head of the file.
package struct Directives: Sendable, Hashable {
  /// `syntax`: the front end asked for; Hull's own reads them all.
  package var syntax: String?
  /// `escape`: `\` or `` ` ``.
  package var escape: Character = "\\"
  /// `check`: which build checks to skip (`skip=A,B` or `skip=all`), and whether a warning fails the build (`error=true`).
  package var skippedChecks: [String] = []
  package var checksAreErrors = false
  /// `check`: experimental build checks to run (`experimental=A,B` or `experimental=all`).
  package var experimentalChecks: [String] = []

  package init() {}
}

/// From one `FROM` to the next.
package struct Stage: Sendable, Hashable {
  /// Of the `FROM` among those of the file, from 0.
  package var index: Int
  /// `AS name`, in lower case.
  package var name: String?
  /// Image or stage, not expanded.
  package var base: String
  /// `--platform`, not expanded.
  package var platform: String?
  package var instructions: [Instruction]
  /// Of the `FROM`.
  package var location: SourceRange
  /// The `FROM` as written, continued lines joined.
  package var original: String
  /// The comments above the `FROM`, without their `#`.
  package var comments: [String] = []
}

/// One instruction of a stage.
package struct Instruction: Sendable, Hashable {
  package var command: Command
  package var location: SourceRange
  /// As written, continued lines joined without their escape and comments left out: for progress, history and messages.
  package var original: String
  /// The comments above it, without their `#`.
  package var comments: [String] = []

  package init(command: Command, location: SourceRange, original: String) {
    self.command = command
    self.location = location
    self.original = original
  }
}

package enum Command: Sendable, Hashable {
  case argument([Assignment])
  case environment([Assignment])
  case label([Assignment])
  case run(RunCommand)
  case copy(CopyCommand)
  case add(CopyCommand)
  case cmd(CommandLine)
  case entrypoint(CommandLine)
  case shell([String])
  case expose([String])
  case user(String)
  case workdir(String)
  case volume([String])
  case stopSignal(String)
  case healthcheck(HealthcheckCommand)
  /// The instruction that a build on top of this image begins with.
  case onbuild(String)
  case maintainer(String)
}

/// `KEY=value`; an `ARG` may have no value.
package struct Assignment: Sendable, Hashable {
  package var key: String
  /// With its quotes: `WordExpander` takes them off.
  package var value: String?
  /// Written `KEY value`, without an equals sign.
  package var isLegacyForm = false

  package init(key: String, value: String?) {
    self.key = key
    self.value = value
  }
}

/// A command in shell or exec form.
package struct CommandLine: Sendable, Hashable {
  /// Shell form: one element, the line with its continuations (newlines kept as BuildKit keeps them: removed with the escape). Exec form: the JSON array.
  package var words: [String]
  package var isShell: Bool
  /// Documents that follow the line (`RUN <<EOF`), in order.
  package var heredocs: [Heredoc] = []

  package init(words: [String], isShell: Bool, heredocs: [Heredoc] = []) {
    self.words = words
    self.isShell = isShell
    self.heredocs = heredocs
  }
}

/// A here-document.
package struct Heredoc: Sendable, Hashable {
  package var name: String
  /// Its lines, each with its newline; with `<<-` leading tabs are gone already.
  package var content: String
  /// The delimiter was not quoted: variables are expanded (by `COPY`/`ADD`; in a `RUN` the shell does it).
  package var expands: Bool
  /// Written `<<-`.
  package var stripsTabs: Bool
  /// `3<<EOF`; 0 when none was written.
  package var descriptor: Int
}

package struct RunCommand: Sendable, Hashable {
  package var line: CommandLine
  package var mounts: [RunMount] = []
  /// `default`, `none` or `host`.
  package var network: String?
  /// `sandbox` or `insecure`.
  package var security: String?
}

/// `RUN --mount=…`. Text fields are not expanded yet: `expanded(by:)` does that, and reads again what a variable may have changed.
package struct RunMount: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable { case bind, cache, tmpfs, secret, ssh }
  package enum Sharing: String, Sendable, Hashable { case shared, `private`, locked }

  package var kind: Kind = .bind
  package var target: String?
  package var source: String?
  package var from: String?
  package var id: String?
  /// `nil`: the kind's own default (bind: read-only).
  package var readOnly: Bool?
  package var sharing: Sharing = .shared
  package var required = false
  package var mode: UInt32?
  package var uid: UInt32?
  package var gid: UInt32?
  /// tmpfs: bytes.
  package var size: Int64?
  /// secret: the variable that gets it; empty: one with the secret's own name.
  package var environment: String?
  /// As written. Fields with variables that are no texts (`mode=$MODE`) are unset until it is expanded.
  package var text = ""

  package init() {}
}

/// `COPY` and `ADD`. Nothing is expanded.
package struct CopyCommand: Sendable, Hashable {
  package var sources: [String]
  /// Here-documents among the sources: files by their delimiters' names.
  package var inline: [Heredoc] = []
  package var destination: String
  package var from: String?
  package var chown: String?
  package var chmod: String?
  package var link = false
  package var parents = false
  package var excludes: [String] = []
  /// `ADD` only; `nil`: the flag is not there.
  package var keepGitDirectory: Bool?
  package var checksum: String?
  /// `ADD --unpack`: `nil` as ever (local archives are unpacked, downloads are not).
  package var unpack: Bool?
}

package struct HealthcheckCommand: Sendable, Hashable {
  /// `NONE`: no check, not even the base image's; then the rest is unset.
  package var isNone = false
  package var line: CommandLine?
  /// Go durations in nanoseconds; `nil` when not given.
  package var interval: Int64?
  package var timeout: Int64?
  package var startPeriod: Int64?
  package var startInterval: Int64?
  package var retries: Int?

  package init() {}
}

/// A finding of the build checks (Docker's build checks reference): the build goes on.
package struct BuildWarning: Sendable, Hashable {
  /// `StageNameCasing`, …
  package var rule: String
  /// What the rule is about, in a sentence.
  package var description: String
  /// This finding.
  package var message: String
  /// Where the rule is explained.
  package var url: String
  package var location: SourceRange?

  package init(rule: String, description: String, message: String, url: String, location: SourceRange?) {
    self.rule = rule
    self.description = description
    self.message = message
    self.url = url
    self.location = location
  }
}
