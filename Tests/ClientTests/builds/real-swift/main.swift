print(greeting(of: CommandLine.arguments.dropFirst().joined(separator: " ")))
