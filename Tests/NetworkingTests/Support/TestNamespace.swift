// SPDX-License-Identifier: Apache-2.0
import NamespaceSupport

typealias TestNamespace = NamespaceSupport.TestNamespace
typealias Unprivileged = NamespaceSupport.Unprivileged
