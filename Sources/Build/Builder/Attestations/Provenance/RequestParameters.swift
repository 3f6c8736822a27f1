// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// What was asked of the builder, by the keys of BuildKit's front end; never the value of a secret.
struct RequestParameters: Encodable, Sendable {
  struct Secret: Encodable, Hashable, Sendable {
    var id: String
    /// The step goes on without it.
    var optional: Bool?
  }
  struct Local: Encodable, Hashable, Sendable {
    var name: String
  }

  var frontend: String?
  var args: [String: String]?
  var secrets: [Secret]?
  var ssh: [Secret]?
  var locals: [Local]
  /// What was asked of the builds whose results are inputs, by the inputs' keys.
  var inputs: [String: RequestProvenance]?
  /// What was asked of the whole, when this is a part of a build that its client drives.
  var root: RequestProvenance?
  /// Everything that was asked for is said.
  private(set) var isComplete = true

  enum CodingKeys: String, CodingKey { case frontend, args, secrets, ssh, locals, inputs, root }

  /// - Parameter isWhole: also build arguments, labels, and names of secrets.
  init(_ request: BuildRequest, _ steps: [Step], isWhole: Bool) {
    frontend = request.graph == nil ? "dockerfile.v0" : nil
    var arguments = request.options
    for (name, value) in request.inputMetadata { arguments["input-metadata:\(name)"] = value }
    if isWhole {
      for (key, value) in request.arguments { arguments["build-arg:\(key)"] = value }
      for (key, value) in request.labels { arguments["label:\(key)"] = value }
      (secrets, ssh) = (Self.secrets(steps, .secret), Self.secrets(steps, .ssh))
    } else {
      isComplete = request.arguments.isEmpty && request.labels.isEmpty
    }
    if let outer = request.outerOptions { root = RequestProvenance(RequestParameters(outer: outer, isWhole: isWhole)) }
    let producers = request.inputs.compactMapValues { RequestProvenance($0, isWhole: isWhole) }
    inputs = producers.isEmpty ? nil : producers
    if producers.values.contains(where: { !$0.request.isComplete }) { isComplete = false }
    args = arguments.isEmpty ? nil : arguments
    locals = Self.locals(request, steps)
  }

  /// What a client said of its build before it drove it.
  private init(outer options: [String: String], isWhole: Bool) {
    let kept = options.filter { isWhole && !$0.key.hasPrefix("attest:") }
    args = kept.isEmpty ? nil : kept.mapValues(Redaction.url)
    locals = []
  }

  private static func secrets(_ steps: [Step], _ kind: RunStep.SecretKind) -> [Secret]? {
    var found: Set<Secret> = []
    for case .run(let run) in steps.map(\.operation) { found.formUnion(run.secrets(kind)) }
    return found.isEmpty ? nil : found.sorted { $0.id < $1.id }
  }

  private static func locals(_ request: BuildRequest, _ steps: [Step]) -> [Local] {
    var names: Set<String> = []
    for case .context(let name, _) in steps.map(\.operation) { names.insert(name) }
    guard request.graph == nil else { return names.sorted().map(Local.init) }
    if request.remoteContext == nil, request.contextInput == nil { names.insert("context") }
    // The Dockerfile is a file of the client's, too.
    let isRemote = request.remoteContext != nil && request.dockerfileContext != "dockerfile" && request.dockerfileText == nil
    if !isRemote, request.dockerfileInput == nil { names.insert("dockerfile") }
    return names.sorted().map(Local.init)
  }
}

extension RunStep {
  enum SecretKind { case secret, ssh }

  /// What a command is given of the client's secrets, or of its agents; by names alone.
  func secrets(_ kind: SecretKind) -> [RequestParameters.Secret] {
    mounts.compactMap { mount in
      switch (mount.mount.kind, kind) {
      case (.secret, .secret):
        RequestParameters.Secret(id: RunPlanner.secretName(mount.mount), optional: mount.mount.required ? nil : true)
      case (.ssh, .ssh): RequestParameters.Secret(id: mount.mount.id ?? "default", optional: mount.mount.required ? nil : true)
      default: nil
      }
    }
  }
}
