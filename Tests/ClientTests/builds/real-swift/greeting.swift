// SPDX-License-Identifier: Apache-2.0
func greeting(of name: String) -> String { "hello \(name)" }
