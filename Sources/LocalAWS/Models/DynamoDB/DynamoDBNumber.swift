// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A decimal number of up to 38 significant digits, exact.
struct DynamoDBNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
    private var isNegative: Bool
    /// The significant digits, without zeros at either end; none for nought.
    private var digits: [Int8]
    /// The power of ten of the last digit.
    private var exponent: Int

    private init(isNegative: Bool, digits: [Int8], exponent: Int) {
        var digits = digits[...]
        var exponent = exponent
        while digits.first == 0 { digits = digits.dropFirst() }
        while digits.last == 0 {
            digits = digits.dropLast()
            exponent += 1
        }
        self.isNegative = isNegative && !digits.isEmpty
        self.digits = Array(digits)
        self.exponent = digits.isEmpty ? 0 : exponent
    }

    init(_ number: Int) {
        let digits = String(number.magnitude).utf8.map { Int8($0 - 48) }
        self.init(isNegative: number < 0, digits: digits, exponent: 0)
    }

    /// Reads a number; `nil` when it is none, or too long or too large for DynamoDB.
    init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        var digits: [Int8] = []
        var exponent = 0
        var hasPoint = false
        while let byte = rest.first, byte == UInt8(ascii: ".") || (48...57).contains(byte) {
            rest = rest.dropFirst()
            if byte == UInt8(ascii: ".") {
                guard !hasPoint else { return nil }
                hasPoint = true
            } else {
                digits.append(Int8(byte - 48))
                if hasPoint { exponent -= 1 }
            }
        }
        guard !digits.isEmpty else { return nil }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            guard let power = Int(String(decoding: rest.dropFirst(), as: UTF8.self)), abs(power) < 1000 else {
                return nil
            }
            exponent += power
            rest = []
        }
        guard rest.isEmpty else { return nil }
        self.init(isNegative: isNegative, digits: digits, exponent: exponent)
        guard self.isRepresentable else { return nil }
    }

    private var isRepresentable: Bool {
        self.digits.count <= 38 && (self.digits.isEmpty || (-129...126).contains(self.digits.count + self.exponent))
    }

    var description: String {
        guard !self.digits.isEmpty else { return "0" }
        let digits = self.digits.map { Character(Unicode.Scalar(UInt8($0) + 48)) }
        let point = digits.count + self.exponent
        var text: String
        if self.exponent >= 0 {
            text = String(digits) + String(repeating: "0", count: self.exponent)
        } else if point > 0 {
            text = String(digits[..<point]) + "." + String(digits[point...])
        } else {
            text = "0." + String(repeating: "0", count: -point) + String(digits)
        }
        return self.isNegative ? "-" + text : text
    }

    /// Bytes, as DynamoDB counts them towards the size of an item.
    var size: Int { (self.digits.count + 1) / 2 + 1 + (self.isNegative ? 1 : 0) }

    /// Whole seconds, for an expiry; `nil` when the number is not that.
    var wholeNumber: Int64? { Int64(self.description) }

    // MARK: - Arithmetic

    static func < (left: DynamoDBNumber, right: DynamoDBNumber) -> Bool {
        guard left.isNegative == right.isNegative else { return left.isNegative }
        return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    /// Compares without the signs.
    private func isSmaller(than other: DynamoDBNumber) -> Bool {
        if self.digits.isEmpty || other.digits.isEmpty { return self.digits.isEmpty && !other.digits.isEmpty }
        let (mine, its) = (self.digits.count + self.exponent, other.digits.count + other.exponent)
        return mine == its ? self.digits.lexicographicallyPrecedes(other.digits) : mine < its
    }

    private var negated: DynamoDBNumber {
        DynamoDBNumber(isNegative: !self.isNegative, digits: self.digits, exponent: self.exponent)
    }

    func subtracting(_ other: DynamoDBNumber) -> DynamoDBNumber? { self.adding(other.negated) }

    /// The sum; `nil` where it has more than 38 digits.
    func adding(_ other: DynamoDBNumber) -> DynamoDBNumber? {
        let exponent = min(self.exponent, other.exponent)
        let count = max(self.digits.count + self.exponent, other.digits.count + other.exponent) - exponent + 1
        let (large, small) = self.isSmaller(than: other) ? (other, self) : (self, other)
        let (first, second) = (large.aligned(to: exponent, count: count), small.aligned(to: exponent, count: count))
        let sign: Int8 = large.isNegative == small.isNegative ? 1 : -1
        var digits = [Int8](repeating: 0, count: count)
        var carry: Int8 = 0
        for index in stride(from: count - 1, through: 0, by: -1) {
            var digit = first[index] + sign * second[index] + carry
            carry = digit > 9 ? 1 : digit < 0 ? -1 : 0
            digit -= carry * 10
            digits[index] = digit
        }
        let sum = DynamoDBNumber(isNegative: large.isNegative, digits: digits, exponent: exponent)
        return sum.isRepresentable ? sum : nil
    }

    private func aligned(to exponent: Int, count: Int) -> [Int8] {
        let tail = self.digits.isEmpty ? 0 : self.exponent - exponent
        let head = count - self.digits.count - tail
        return [Int8](repeating: 0, count: head) + self.digits + [Int8](repeating: 0, count: tail)
    }
}
