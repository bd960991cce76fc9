// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Errors of services: every answer becomes an error that is bounded and says something.
///
/// The first byte chooses the HTTP status, the second which header is there; a first line may stand in the header.
enum ServiceErrorPromises {
    private static let statuses = [301, 400, 403, 404, 408, 413, 429, 500, 503, 599]
    private static let headers = ["x-amzn-errortype", "x-amzn-query-error", "x-amzn-requestid"]

    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        guard bytes.count >= 2 else { return }
        let status = self.statuses[Int(bytes[0]) % self.statuses.count]
        var body = bytes[2...]
        var headers: [(name: String, value: String)] = []
        if Int(bytes[1]) % 4 < self.headers.count, let end = body.firstIndex(of: 0x0A) {
            headers.append((self.headers[Int(bytes[1]) % 4], String(decoding: body[..<end], as: UTF8.self)))
            body = body[(end + 1)...]
        }
        let response = HTTPResponse(status: status, headers: headers, body: Array(body))
        let error = ServiceErrorParser.error(from: response)
        try require(error.httpStatus == status, "the status is kept")
        try require(!error.message.isEmpty && error.message.count <= 1000, "a message of \(error.message.count)")
        try require(error.serviceCode?.isEmpty != true, "a code is something, or none")
        try require(!error.description.isEmpty, "an error says what is wrong")
        // Credentials that have expired are fetched anew, whatever the status.
        let isWorthAnother = error.isRetryable || error.code == .expiredCredentials
        if status == 429 || status >= 500 { try require(isWorthAnother, "\(status) is worth another try") }
        if let code = error.serviceCode {
            try require(ServiceErrorParser.shapeName(code) == code, "\(code) is \(ServiceErrorParser.shapeName(code))")
        }
    }
}
