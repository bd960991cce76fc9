// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension StringProtocol {
    /// This text without the whitespace at its ends.
    func trimmingWhitespace() -> String {
        let start = self.drop { $0.isWhitespace }
        let kept = start.reversed().drop { $0.isWhitespace }
        return String(kept.reversed())
    }
}
