// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// JSON: what was read can be written and read again; the relaxed dialect reads all that the strict one does.
enum JSONPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let relaxed = self.read(bytes, .relaxed)
        switch self.read(bytes, .strict) {
        case .failure(let error): try self.check(error, bytes)
        case .success(let value):
            guard case .success(value) = relaxed else {
                throw BrokenPromise("the relaxed dialect reads \(value) as \(relaxed)")
            }
        }
        switch relaxed {
        case .failure(let error): try self.check(error, bytes)
        case .success(let value): try self.check(value)
        }
    }

    private static func read(_ bytes: [UInt8], _ dialect: JSONValue.Dialect) -> Result<JSONValue, JSONSyntaxError> {
        Result { () throws(JSONSyntaxError) in try JSONValue(parsing: bytes, dialect: dialect) }
    }

    private static func check(_ value: JSONValue) throws(BrokenPromise) {
        let written = value.serialized()
        guard case .success(let again) = self.read(written, .strict) else {
            throw BrokenPromise("what was written can't be read: \(value)")
        }
        try require(again.serialized() == written, "written, read and written again: \(value), \(again)")
        try require(value.description.utf8.elementsEqual(written), "the description is the document")
    }

    private static func check(_ error: JSONSyntaxError, _ bytes: [UInt8]) throws(BrokenPromise) {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        try require((1...lines.count).contains(error.line), "\(error): there are \(lines.count) lines")
        let length = lines[error.line - 1].count
        try require((1...length + 1).contains(error.column), "\(error): the line has \(length) bytes")
        try require(!error.problem.isEmpty, "an error says what is wrong")
    }
}
