// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Percent-encoding as AWS signs it: `A-Z a-z 0-9 - _ . ~` stay, everything else becomes `%XX`, a space `%20`.
package enum PercentEncoding {
    /// Encodes a text's UTF-8; with `keepsSlash`, slashes stay too.
    package static func encode(_ text: String, keepsSlash: Bool = false) -> String {
        let staysAsItIs = text.utf8.allSatisfy { self.isUnreserved($0) || keepsSlash && $0 == UInt8(ascii: "/") }
        if staysAsItIs { return text }
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count + 32)
        self.append(text, keepsSlash: keepsSlash, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Encodes a text's UTF-8 and appends it.
    static func append(_ text: String, keepsSlash: Bool = false, to output: inout [UInt8]) {
        for byte in text.utf8 {
            if self.isUnreserved(byte) || keepsSlash && byte == UInt8(ascii: "/") {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(self.digit(byte >> 4))
                output.append(self.digit(byte & 15))
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    /// Decodes every `%XX`.
    ///
    /// A percent sign that starts no such triple stays. With `plusIsSpace`, `+` becomes a space, as in an HTML form.
    package static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = self.value(bytes[index + 1]),
                let low = self.value(bytes[index + 2])
            {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(plusIsSpace && bytes[index] == UInt8(ascii: "+") ? 0x20 : bytes[index])
                index += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
