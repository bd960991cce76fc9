// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import CTransport

/// A transfer that curl is driving; it lives on the loop's thread only.
final class ActiveTransfer {
    private static let headerLimit = 256 * 1024

    let job: Inbox.Job
    let handle: EasyHandle
    private let bodyLimit: Int
    private var headers: [(name: String, value: String)] = []
    private var headerSize = 0
    private var body: [UInt8] = []
    private var isTooLarge = false

    private init(
        _ job: Inbox.Job,
        _ handle: EasyHandle,
        caBundle: String?,
        bodyLimit: Int
    ) throws(AWSError) {
        try handle.configure(job.request, caBundle: caBundle)
        self.job = job
        self.handle = handle
        self.bodyLimit = bodyLimit
    }

    /// Makes a transfer and gives it to curl; `nil` when the job has failed and its caller been told.
    static func start(
        _ job: Inbox.Job,
        on multi: OpaquePointer,
        with spare: inout SpareHandles,
        caBundle: String?,
        bodyLimit: Int
    ) -> (OpaquePointer, ActiveTransfer)? {
        do throws(AWSError) {
            let transfer = try ActiveTransfer(job, try spare.take(), caBundle: caBundle, bodyLimit: bodyLimit)
            // The loop keeps the transfer for as long as curl holds this pointer.
            let context = Unmanaged.passUnretained(transfer).toOpaque()
            return try transfer.handle.withPointer { (pointer) throws(AWSError) in
                guard ctransport_easy_on_answer(pointer, takeHeader, takeBody, context) == 0,
                    ctransport_multi_add(multi, pointer) == 0
                else { throw AWSError(.unavailable, message: "curl would not take the request") }
                return (pointer, transfer)
            }
        } catch {
            job.continuation.resume(returning: .failure(error))
            return nil
        }
    }

    /// Ends the transfer with what curl says of it.
    func complete(_ code: Int32) {
        guard code == 0 else { return self.finish(.failure(self.failure(code))) }
        let status = self.handle.withPointer { ctransport_easy_status($0) }
        self.finish(.success(HTTPResponse(status: status, headers: self.headers, body: self.body)))
    }

    /// Ends the transfer; to be called once.
    func finish(_ result: Result<HTTPResponse, AWSError>) {
        self.job.continuation.resume(returning: result)
    }

    /// Names the host and never the URL, whose query may carry a signature.
    private func failure(_ code: Int32) -> AWSError {
        let host = URLParts(self.job.request.url)?.hostHeader ?? "?"
        if self.isTooLarge {
            return AWSError(.malformedAnswer, message: "\(host): the answer is larger than \(self.bodyLimit) bytes")
        }
        let detail = self.handle.withPointer { String(cString: ctransport_easy_problem($0)) }
        let words = detail.isEmpty ? String(cString: ctransport_describe(code)) : detail
        return AWSError(Self.errorCode(for: code), message: "\(host): \(words.prefix(300))")
    }

    /// Sorts the numbers of `CURLcode`, which curl never renumbers.
    private static func errorCode(for code: Int32) -> AWSError.Code {
        switch code {
        case 28: .timedOut
        // 1 is what an answer that is no HTTP/1 gets, since the scheme was checked before; 8 is another such.
        case 1, 8: .malformedAnswer
        // A URL that curl can't read; a file of certificates that it can't.
        case 3, 77: .configuration
        default: .unavailable
        }
    }

    fileprivate func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard self.body.count + bytes.count <= self.bodyLimit else {
            self.isTooLarge = true
            return false
        }
        self.body.append(contentsOf: bytes)
        return true
    }

    fileprivate func appendHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        self.headerSize += bytes.count
        guard self.headerSize <= Self.headerLimit else {
            self.isTooLarge = true
            return false
        }
        if bytes.starts(with: "HTTP/".utf8) {
            // An interim answer (100, 103) came first; its headers are not the answer's.
            self.headers.removeAll()
        } else if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[..<colon]), as: UTF8.self)
            var value = bytes[(colon + 1)...]
            while value.first?.isBlankASCII == true { value.removeFirst() }
            while value.last?.isBlankASCII == true { value.removeLast() }
            let text = String(decoding: UnsafeRawBufferPointer(rebasing: value), as: UTF8.self)
            self.headers.append((name, text))
        }
        return true
    }
}

private let takeBody: ctransport_receive = { bytes, size, count, context in
    guard let context else { return 0 }
    let buffer = UnsafeRawBufferPointer(start: bytes, count: size * count)
    let isTaken = Unmanaged<ActiveTransfer>.fromOpaque(context).takeUnretainedValue().append(buffer)
    // Anything but the full count aborts; for an empty run that has to be more than it.
    return isTaken ? buffer.count : buffer.count + 1
}

private let takeHeader: ctransport_receive = { bytes, size, count, context in
    guard let context else { return 0 }
    let buffer = UnsafeRawBufferPointer(start: bytes, count: size * count)
    let isTaken = Unmanaged<ActiveTransfer>.fromOpaque(context).takeUnretainedValue().appendHeader(buffer)
    return isTaken ? buffer.count : buffer.count + 1
}
