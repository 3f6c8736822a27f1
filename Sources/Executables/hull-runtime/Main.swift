// SPDX-License-Identifier: Apache-2.0
import Glibc
import OCIRuntime

@main struct Main {
  static func main() { exit(Program.main(Array(CommandLine.arguments.dropFirst()))) }
}
