// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull registry`: the program `hull-registry` beside this one, with the same words.
enum RegistryServe {
  static let command = Command(
    name: "serve", summary: "Serve a registry: hull-registry does it, with its own options", usage: "[OPTIONS]", arguments: .any,
    passesWords: true,
    run: { call in
      guard let program = ChildProcess.findBesideOwn("hull-registry") else {
        throw HullError(.notFound, "hull-registry is neither beside hull nor in PATH: build it with 'make build'")
      }
      call.out.flush()
      var words: [UnsafeMutablePointer<CChar>?] = ([program, "serve"] + call.arguments).map { strdup($0) } + [nil]
      execv(program, &words)
      throw FileError(path: program, verb: "exec", code: errno)
    })
}
