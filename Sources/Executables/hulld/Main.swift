// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Errors
import Glibc
import Logging

/// The daemon: reads the command line, starts, then waits for a signal that ends it. Workloads outlive it.
@main struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hulld", abstract: "The Hull engine: serves the Docker Engine API and looks after workloads.",
    version: "hulld \(Daemon.version)")

  @OptionGroup var options: DaemonOptions

  func run() throws {
    // Before the first thread: all of them inherit the mask, so only `Signals.wait` sees these.
    Signals.block()
    Process.prepare()
    LoggingSystem.bootstrap(StreamLogHandler.standardError)
    let daemon: Daemon
    do {
      daemon = try Daemon(options)
    } catch {
      throw Failure(error)
    }
    Task {
      do { try await daemon.start() } catch {
        daemon.logger.critical("\(error)")
        await daemon.stop()
        _exit(1)
      }
    }
    Signals.wait(daemon.logger)
    Task {
      await daemon.stop()
      _exit(0)
    }
    // Whatever does not end in time is mended by the next start's recovery.
    sleep(5)
    _exit(0)
  }

  /// An error as ArgumentParser prints it: the message alone.
  private struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ error: any Error) { description = "\(error)" }
  }
}
