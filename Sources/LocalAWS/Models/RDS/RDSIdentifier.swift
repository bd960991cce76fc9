// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The rules for names that people choose.
enum RDSIdentifier {
    /// Checks a chosen identifier and folds it to lower case, as RDS stores it.
    ///
    /// - Parameters:
    ///   - text: What the caller wrote.
    ///   - parameter: The parameter that held it, for the message.
    ///   - limit: How many characters are allowed.
    /// - Returns: The identifier in lower case.
    /// - Throws: `InvalidParameterValue`.
    static func checked(_ text: String, parameter: String, limit: Int) throws(ModelFailure) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count <= limit else {
            throw .invalidValue(
                "The parameter \(parameter) is not a valid identifier because it is longer than \(limit) characters."
            )
        }
        guard let first = bytes.first, self.isLetter(first), bytes.last != self.hyphen, !text.contains("--"),
            bytes.allSatisfy({ self.isLetter($0) || self.isDigit($0) || $0 == self.hyphen })
        else {
            throw .invalidValue(
                "The parameter \(parameter) is not a valid identifier. Identifiers must begin with a letter; must "
                    + "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
                    + "consecutive hyphens."
            )
        }
        return text.lowercased()
    }

    /// Whether a text is twelve digits.
    static func isAccount(_ text: String) -> Bool { text.utf8.count == 12 && text.utf8.allSatisfy(self.isDigit) }

    private static let hyphen = UInt8(ascii: "-")

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
