// SPDX-License-Identifier: Apache-2.0
import BuildKitAPI
import Builder
import DockerAPI
import Engine
import Errors
import NIOCore
import Threads

/// One build for a client of `POST /build`: runs it and tells it as Docker's first builder does.
struct ClassicBuild {
  let engine: Engine
  /// Keeps what has been built.
  let buildKit: BuildKitServer
  let query: BuildQuery
  /// The context, unless that is somewhere else.
  let upload: ContextUpload?
  let credentials: BuildCredentials
  let writer: ResponseWriter
  private var text: ClassicBuildText
  /// Whether the answer has begun: before that, an error is an error answer.
  private var hasBegun = false
  /// `q`: what would have been told, in case that it fails.
  private var held: [BuildMessage] = []
  private static let mostHeld = 4096

  init(
    engine: Engine, buildKit: BuildKitServer, query: BuildQuery, upload: ContextUpload?, credentials: BuildCredentials, writer: ResponseWriter
  ) {
    self.engine = engine
    self.buildKit = buildKit
    self.query = query
    self.upload = upload
    self.credentials = credentials
    self.writer = writer
    text = ClassicBuildText(removesContainers: query.removesContainers)
  }

  mutating func run() async throws {
    let queue = BuildEventQueue()
    let worker = Task(executorPreference: BlockingExecutor.shared) { [engine, buildKit, query, upload, credentials] in
      defer { queue.finish() }
      // All of it, before anything is answered.
      let session = UploadSession(tree: try await upload?.receive(), credentials: credentials)
      return try await buildKit.recording(query.request) {
        queue.put($0)
      } _: {
        try await engine.build($0, session: session, progress: $1)
      }
    }
    // With the client the build goes, too: also when that is only noticed by a line that cannot be sent.
    defer { worker.cancel() }
    let result: BuildResult
    do {
      result = try await withTaskCancellationHandler {
        // Who is told nothing before the end is not woken up for it.
        if query.isQuiet { _ = await worker.result }
        for await event in queue.events {
          queue.took(event)
          try await send(text.add(event))
        }
        return try await worker.value
      } onCancel: {
        worker.cancel()
      }
    } catch let error where !(error is ClientGone) {
      return try await fail(error)
    }
    try succeed(result)
  }

  private mutating func succeed(_ result: BuildResult) throws {
    let image = result.images.first?.id.description
    var messages: [BuildMessage] = []
    if query.isQuiet {
      messages = [Self.message(.text((image ?? "") + "\n"))]
    } else {
      if let image {
        var message = BuildMessage()
        message.aux = BuildAux()
        message.aux?.id = image
        messages = [message]
      }
      messages += text.succeed(image: image, tags: result.tags.map(\.familiar)).map(Self.message)
    }
    writer.end(with: try Self.bytes(messages))
  }

  private mutating func fail(_ error: any Error) async throws {
    try await send(text.fail())
    if !held.isEmpty { try await write(held) }
    guard hasBegun else { throw (error as? HullError).map { HullError($0.code, $0.withoutExcerpt) } ?? error }
    let failure = StepFailure(of: error)
    let said = failure?.classic ?? (error is CancellationError ? "build cancelled" : (error as? HullError)?.withoutExcerpt ?? "\(error)")
    var message = BuildMessage()
    var detail = ProgressError()
    (detail.message, detail.code) = (said, Int(failure?.exitCode ?? 0))
    (message.errorDetail, message.error) = (detail, detail.message)
    writer.end(with: try Self.bytes([message]))
  }

  // MARK: Lines

  private mutating func send(_ lines: [ClassicBuildText.Line]) async throws {
    let messages = lines.map(Self.message)
    if query.isQuiet {
      held += messages.prefix(Self.mostHeld - held.count)
    } else if !messages.isEmpty {
      try await write(messages)
    }
  }

  private mutating func write(_ messages: [BuildMessage]) async throws {
    hasBegun = true
    try await writer.write(try Self.bytes(messages))
  }

  private static func bytes(_ messages: [BuildMessage]) throws(HullError) -> ByteBuffer {
    var bytes = ByteBuffer()
    for message in messages { bytes.writeImmutableBuffer(try Response.jsonLine(message)) }
    return bytes
  }

  private static func message(_ line: ClassicBuildText.Line) -> BuildMessage {
    var message = BuildMessage()
    switch line {
    case .text(let text): message.stream = text
    // In red, as Docker has it.
    case .errorText(let text): message.stream = "\u{1b}[91m\(text)\u{1b}[0m"
    case .progress(let id, let current, let total, let isDone):
      let words = id.split(separator: " ")
      let digits = words.last.map { $0.drop { $0 != ":" }.dropFirst() } ?? ""
      message.id = digits.isEmpty ? id : String(digits.prefix(12))
      message.status = digits.isEmpty || words.count < 2 ? (isDone ? "Done" : "Working") : words.dropLast().joined(separator: " ").capitalizedFirst
      var detail = ProgressDetail()
      (detail.current, detail.total) = (current, total)
      message.progressDetail = detail
    }
    return message
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension HullError {
  /// Without the excerpt of the Dockerfile, which the first builder does not print.
  var withoutExcerpt: String {
    guard let failure = cause as? BuildFailure else { return description }
    return failure.step.map { "\(message): \($0)" } ?? failure.cause.map { "\(message): \($0)" } ?? message
  }
}
