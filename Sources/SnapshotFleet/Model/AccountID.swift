// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension StringProtocol {
    /// Whether this is shaped like the id of an AWS account: twelve digits.
    package var isAccountID: Bool {
        self.utf8.count == 12 && self.utf8.allSatisfy { (48...57).contains($0) }
    }
}
