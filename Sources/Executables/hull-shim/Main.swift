// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import ShimCore

/// `hull-shim --id ID --run-dir DIR`, started by hulld for one workload with the listening socket as descriptor 3.
@main
struct Main {
  static func main() {
    do throws(HullError) {
      exit(Shim.run(try ShimOptions(arguments: Array(CommandLine.arguments.dropFirst()))))
    } catch {
      exit(Shim.fail(error))
    }
  }
}
