# SPDX-License-Identifier: Apache-2.0
def of(what):
    return f"hello from {what}"
