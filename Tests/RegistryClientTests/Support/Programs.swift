// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation

/// Runs a program to its end; throws what it said when it failed.
func run(_ command: [String]) throws {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = command
  let output = Pipe()
  process.standardOutput = output
  process.standardError = output
  try process.run()
  let said = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw HullError(.internalError, "\(command.joined(separator: " ")): \(String(decoding: said, as: UTF8.self))")
  }
}
