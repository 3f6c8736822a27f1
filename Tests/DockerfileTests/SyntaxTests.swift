// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Testing
