// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull image bootstrap`: base images from this machine's own packages, no registry needed.
enum ImageBootstrap {
  static let command = Command(
    name: "bootstrap", summary: "Make a base image from this machine's own packages",
    details: """
      busybox          from the distribution's busybox-static package: every applet, a shell, nothing else
      debian[:SUITE]   with mmdebstrap (variant minbase) from the machine's own apt sources
      """, usage: "[OPTIONS] busybox|debian[:SUITE]", arguments: .exactly(1), completion: .words(["busybox", "debian"]),
    flags: {
      [
        .string("tag,t", "Name of the image (default: busybox:latest, debian:SUITE)"), .bool("quiet,q", "Only print the image's ID"),
        .bool("if-missing", "Do nothing when the image is there already"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let (name, suite) = ImageName.parts(call.arguments[0])
    let engine = try call.engine()
    let reference: String
    switch name {
    case "busybox": reference = call.changed("tag") ? call.string("tag") : "busybox:" + (suite.isEmpty ? "latest" : suite)
    case "debian":
      let suite = suite.isEmpty ? DebianRoot.ownSuite : suite
      reference = call.changed("tag") ? call.string("tag") : "debian:\(suite)"
    default:
      throw HullError(
        .invalidArgument, "cannot bootstrap '\(name)': known are busybox and debian[:SUITE]; other images come in by 'hull load' and 'hull import'")
    }
    if call.bool("if-missing"), let id = try? engine.json("GET", call.image(reference, "/json"))["Id"].string {
      call.out.line(id)
      return 0
    }
    // An engine that does not answer is better known before minutes of work.
    _ = try engine.bytes("GET", "/_ping")
    let progress = call.bool("quiet") ? nil : Progress()
    let id: String
    if name == "busybox" {
      id = try BusyboxRoot.image(reference, engine, progress)
    } else {
      id = try DebianRoot(suite: suite.isEmpty ? DebianRoot.ownSuite : suite).image(reference, engine, progress)
    }
    progress?.finish("made \(reference)")
    call.out.line(id)
    return 0
  }
}
