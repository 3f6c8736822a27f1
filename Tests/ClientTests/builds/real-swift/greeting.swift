func greeting(of name: String) -> String { "hello \(name)" }
