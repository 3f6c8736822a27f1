// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// What the command line says.
package struct ShimOptions: Sendable, Equatable {
  /// The container's ID.
  package var id: String
  /// Holds the socket and, in the end, the exit record.
  package var runDirectory: String
  /// The listening socket.
  package var listener: Int32 = 3

  /// Reads `--id ID --run-dir DIR`. Throws `invalidArgument` for anything else.
  package init(arguments: [String]) throws(HullError) {
    var values: [String: String] = [:]
    var rest = arguments[...]
    while let option = rest.popFirst() {
      guard option == "--id" || option == "--run-dir" else { throw HullError(.invalidArgument, "unknown option \(option): use --id and --run-dir") }
      guard let value = rest.popFirst(), !value.isEmpty else { throw HullError(.invalidArgument, "option \(option) needs a value") }
      values[option] = value
    }
    guard let id = values["--id"], let directory = values["--run-dir"] else {
      throw HullError(.invalidArgument, "hull-shim is started by hulld: it needs --id ID --run-dir DIR and a listening socket as descriptor 3")
    }
    guard directory.hasPrefix("/") else { throw HullError(.invalidArgument, "run directory \(directory) is not an absolute path") }
    self.id = id
    runDirectory = directory
  }
}

/// The supervisor of one workload.
package enum Shim {
  /// Serves the workload until it has ended and hulld has said `finish`. Returns the exit code of the program.
  package static func run(_ options: ShimOptions) -> Int32 {
    do throws(HullError) {
      var listening: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      guard getsockopt(options.listener, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0, listening != 0 else {
        throw HullError(.invalidArgument, "descriptor \(options.listener) is not a listening socket: hull-shim is started by hulld")
      }
      try Supervisor(options, environment: ShimEnvironment.enter()).run()
      return 0
    } catch {
      return fail(error)
    }
  }

  /// Says what is wrong on standard error.
  package static func fail(_ error: HullError) -> Int32 {
    var line = "hull-shim: \(error)\n"
    line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    return 1
  }
}
