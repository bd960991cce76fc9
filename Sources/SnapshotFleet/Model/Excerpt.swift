// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension StringProtocol {
    /// A piece of this text that is safe to log: no control characters, and no more than `limit` of Unicode's scalars.
    ///
    /// What came from outside may hold escape sequences, line breaks or a megabyte of anything. Cut ends show as `…`.
    package func excerpt(_ limit: Int = 200) -> String {
        var result = String.UnicodeScalarView()
        var count = 0
        for scalar in self.unicodeScalars {
            if count == limit {
                result.removeLast()
                result.append("…")
                break
            }
            result.append(Self.isPrintable(scalar) ? scalar : "\u{FFFD}")
            count += 1
        }
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
        default: true
        }
    }
}
