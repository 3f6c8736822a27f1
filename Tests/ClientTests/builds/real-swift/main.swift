// SPDX-License-Identifier: Apache-2.0
print(greeting(of: CommandLine.arguments.dropFirst().joined(separator: " ")))
