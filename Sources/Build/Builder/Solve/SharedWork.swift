// SPDX-License-Identifier: Apache-2.0
import Errors
import ImageStore
import OCISpec
import Synchronization
import Threads

/// What concurrent builds do together: the same step at the same time is done once.
final class SharedWork: Sendable {
  typealias Made = (result: FileSystem, record: StepRecord)

  private final class Running: Sendable {
    let task: Task<Made, any Error>
    let listeners: Mutex<[Int: StepOutput]>
    /// Keeps the result until all who wait have claimed it: the build that began the step may have ended before.
    let claim: Claim

    init(task: Task<Made, any Error>, listeners: [Int: StepOutput], claim: Claim) {
      self.task = task
      self.listeners = Mutex(listeners)
      self.claim = claim
    }
  }

  private let images: ImageStore
  let remote: any RemoteSources
  let cacheMounts: CacheMounts
  /// How many commands run at once.
  let commands: AsyncLimiter
  private let running = Mutex<[Digest: Running]>([:])
  private let numbers = Atomic<Int>(0)

  init(images: ImageStore, remote: any RemoteSources, cacheMounts: CacheMounts, commands: Int) {
    self.images = images
    self.remote = remote
    self.cacheMounts = cacheMounts
    self.commands = AsyncLimiter(commands)
  }

  /// Does `body`, or waits for somebody who is doing the same. The last who waits and goes cancels it.
  /// - Parameters:
  ///   - alone: neither takes part in another's work nor lets others take part.
  ///   - output: gets what the command writes from now on.
  ///   - adopt: called with the result before anybody lets go of it.
  func once(
    _ key: Digest, alone: Bool, _ body: @escaping @Sendable (@escaping StepOutput) async throws -> Made, output: @escaping StepOutput,
    adopt: @Sendable (FileSystem) -> Void
  ) async throws -> Made {
    if alone { return try await body(output) }
    let number = numbers.add(1, ordering: .relaxed).newValue
    let work = join(key, number, body, output)
    return try await withTaskCancellationHandler {
      defer { leave(work, key, number) }
      let made = try await work.task.value
      adopt(made.result)
      return made
    } onCancel: {
      leave(work, key, number)
    }
  }

  private func join(
    _ key: Digest, _ number: Int, _ body: @escaping @Sendable (@escaping StepOutput) async throws -> Made, _ output: @escaping StepOutput
  ) -> Running {
    running.withLock { running in
      if let work = running[key], !work.task.isCancelled {
        work.listeners.withLock { $0[number] = output }
        return work
      }
      let relay = Relay()
      let claim = images.claim()
      let task = Task(executorPreference: BlockingExecutor.shared) {
        let made = try await body { relay.send($0, $1) }
        made.result.claim(with: claim)
        return made
      }
      let work = Running(task: task, listeners: [number: output], claim: claim)
      relay.connect { stream, bytes in for listener in work.listeners.withLock({ Array($0.values) }) { listener(stream, bytes) } }
      running[key] = work
      return work
    }
  }

  private func leave(_ work: Running, _ key: Digest, _ number: Int) {
    let isLast = running.withLock { running in
      let isLast = work.listeners.withLock { listeners in listeners.removeValue(forKey: number) != nil && listeners.isEmpty }
      if isLast, running[key] === work { running[key] = nil }
      return isLast
    }
    guard isLast else { return }
    work.task.cancel()
    Task {
      _ = await work.task.result
      try? await Blocking.run { try work.claim.release() }
    }
  }

  /// Has what a build found out so far written down, beside its going on.
  func persist(_ store: BuildStore) {
    Task { try? await Blocking.run { try store.flush() } }
  }
}

/// Passes output on as soon as it knows where to.
private final class Relay: Sendable {
  private let target = Mutex<(early: [(Int, [UInt8])], send: StepOutput?)>(([], nil))

  func send(_ stream: Int, _ bytes: [UInt8]) {
    let send = target.withLock { target -> StepOutput? in
      if target.send == nil { target.early.append((stream, bytes)) }
      return target.send
    }
    send?(stream, bytes)
  }

  func connect(_ send: @escaping StepOutput) {
    let early = target.withLock { target in
      defer { target = ([], send) }
      return target.early
    }
    for (stream, bytes) in early { send(stream, bytes) }
  }
}
