// SPDX-License-Identifier: Apache-2.0
import Glibc
import HullCommands

@main
struct Main {
  static func main() {
    exit(CommandRunner.run(Array(CommandLine.arguments.dropFirst())))
  }
}
