// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Builder
import DockerAPI
import Dockerfile
import Errors
import OCISpec
import Synchronization

/// A build's events as frames: steps go by numbers.
final class HullBuildEvents: Sendable {
  private struct State {
    var numbers: [Digest: Int] = [:]
    var failed: Int?
  }

  private static let piece = 256 << 10
  private let line: FrameLine
  private let state = Mutex(State())

  init(_ line: FrameLine) { self.line = line }

  func put(_ event: BuildEvent) {
    switch event {
    case .planned(let vertices): send(planned(vertices))
    case .started(let id, let time): send(HullBuildEvent("started", vertex: number(id), time: time))
    case .finished(let id, let time, let cached, let error):
      var message = HullBuildEvent("finished", vertex: number(id), time: time)
      (message.cached, message.error) = (cached, error)
      // A cache that is not there fails nothing; what fails after it does. What others were doing then is cut short.
      if let error, error != "context canceled" { state.withLock { $0.failed = message.vertex } }
      send(message)
    case .output(let id, let stream, let bytes, let time): output(number(id), stream, bytes, time)
    case .progress(let id, let part, let current, let total, let started, let completed):
      var message = HullBuildEvent("progress", vertex: number(id), time: started)
      (message.id, message.current, message.total, message.completed) = (part, current, total, completed)
      send(message)
    case .warning(let id, let warning):
      var message = HullBuildEvent("warning", vertex: id.map(number))
      message.warning = HullBuildWarning(warning)
      send(message)
    case .explained(let id, let text):
      var message = HullBuildEvent("explained", vertex: number(id))
      message.text = text
      send(message)
    case .result: break
    }
  }

  func succeed(_ result: BuildResult) {
    var message = HullBuildResult()
    message.images = result.images.map { image in
      var shown = HullBuildImage()
      (shown.platform, shown.id, shown.manifest) = ("\(image.platform)", "\(image.id)", "\(image.manifest.digest)")
      return shown
    }
    message.target = result.target.map { DescriptorInfo($0) }
    message.cacheManifest = result.cacheManifest.map { DescriptorInfo($0) }
    message.tags = result.tags.map(\.familiar)
    message.warnings = result.warnings.map { HullBuildWarning($0) }
    send(message, .result)
  }

  func fail(_ error: any Error) {
    var message = HullBuildFailure()
    message.message = error is CancellationError ? "build cancelled" : (error as? HullError)?.withoutExcerpt ?? "\(error)"
    message.status = Int(ErrorAnswer.make(error).status.code)
    if let kept = StepFailure(of: error)?.kept {
      message.message += "\nto look around in its file system: hull build shell \(kept)"
    }
    message.exitCode = StepFailure(of: error).map { Int($0.exitCode) } ?? 0
    message.excerpt = ((error as? HullError)?.cause as? BuildFailure)?.excerpt.description ?? ""
    message.vertex = state.withLock { $0.failed }
    send(message, .failure)
  }

  // MARK: Frames

  private func send(_ event: HullBuildEvent) { send(event, .event) }

  private func send(_ message: some Encodable, _ kind: Frame.Kind) {
    guard let bytes = try? DockerJSON.encode(message) else { return }
    line.send(Frame(kind, Array(bytes)))
  }

  private func output(_ number: Int, _ stream: Int, _ bytes: [UInt8], _ time: Int64) {
    var rest = bytes[...]
    while !rest.isEmpty {
      var payload: [UInt8] = [UInt8(truncatingIfNeeded: stream)]
      WireInteger.append(time, to: &payload)
      payload += rest.prefix(Self.piece)
      rest = rest.dropFirst(Self.piece)
      guard line.offer(Frame(.output, stream: UInt32(number), payload)) else { return }
    }
  }

  private func planned(_ vertices: [BuildVertex]) -> HullBuildEvent {
    var message = HullBuildEvent("planned")
    message.vertices = vertices.map { vertex in
      var shown = HullBuildVertex()
      (shown.vertex, shown.id, shown.name) = (number(vertex.id), "\(vertex.id)", vertex.name)
      (shown.inputs, shown.step, shown.steps) = (vertex.inputs.map(\.description), vertex.step, vertex.steps)
      (shown.instruction, shown.isMetadata) = (vertex.instruction, vertex.isMetadata)
      (shown.location, shown.platform) = (vertex.location.map { HullBuildLocation($0) }, vertex.platform)
      return shown
    }
    return message
  }

  /// In the order in which they are first mentioned, from 1.
  private func number(_ id: Digest) -> Int {
    state.withLock { state in
      if let number = state.numbers[id] { return number }
      let number = state.numbers.count + 1
      state.numbers[id] = number
      return number
    }
  }
}

extension DescriptorInfo {
  fileprivate init(_ descriptor: Descriptor) {
    self.init()
    (mediaType, digest, size) = (descriptor.mediaType, "\(descriptor.digest)", descriptor.size)
  }
}

extension HullBuildLocation {
  fileprivate init(_ range: SourceRange) {
    self.init()
    (start, end, column) = (range.startLine, range.endLine, range.column)
  }
}

extension HullBuildWarning {
  fileprivate init(_ warning: BuildWarning) {
    self.init()
    (rule, description, message, url) = (warning.rule, warning.description, warning.message, warning.url)
    location = warning.location.map { HullBuildLocation($0) }
  }
}
