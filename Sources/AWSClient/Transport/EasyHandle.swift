// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import CTransport

/// One curl transfer, and after it another one.
///
/// Lives on the loop's thread only, and is freed when nobody there holds it.
final class EasyHandle {
    private let pointer: OpaquePointer

    init() throws(AWSError) {
        guard let pointer = ctransport_easy_new() else {
            throw AWSError(.unavailable, message: "curl could not allocate a handle")
        }
        self.pointer = pointer
    }

    deinit {
        ctransport_easy_free(self.pointer)
    }

    /// Forgets the request, so that another one can be made; whether curl could.
    func renew() -> Bool { ctransport_easy_renew(self.pointer) == 0 }

    /// Sets everything but where the answer goes.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - caBundle: A PEM file of certificates to trust instead of the system's; `nil` for those.
    /// - Throws: ``AWSError`` with code `configuration` for what can't be sent.
    func configure(_ request: HTTPRequest, caBundle: String?) throws(AWSError) {
        guard KnownURLs.shared.parts(of: request.url) != nil, !request.url.utf8.contains(0) else {
            throw AWSError(.configuration, message: "the endpoint is not an absolute http or https URL")
        }
        try Self.check(ctransport_easy_set_url(self.pointer, request.url))
        try Self.check(ctransport_easy_set_request(self.pointer, request.method, request.body, request.body.count))
        for header in request.headers {
            try Self.check(ctransport_easy_add_header(self.pointer, Self.line(header)))
        }
        let connect = Self.milliseconds(request.connectTimeout)
        try Self.check(ctransport_easy_set_timeouts_ms(self.pointer, connect, Self.milliseconds(request.timeout)))
        if let caBundle { try Self.check(ctransport_easy_set_ca_bundle(self.pointer, caBundle)) }
        if request.bypassesProxy { try Self.check(ctransport_easy_bypass_proxy(self.pointer)) }
    }

    /// Lends the raw handle to a closure, which must not let it escape.
    func withPointer<Value, Failure: Error>(
        _ body: (OpaquePointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(self.pointer)
    }

    private static func line(_ header: (name: String, value: String)) throws(AWSError) -> String {
        // A line break in a value would let whoever chose the value add headers of their own.
        func breaksLine(_ byte: UInt8) -> Bool { byte == 0 || byte == 0x0A || byte == 0x0D }
        guard !header.name.utf8.contains(where: breaksLine), !header.value.utf8.contains(where: breaksLine),
            !header.name.isEmpty, !header.name.utf8.contains(UInt8(ascii: ":"))
        else {
            throw AWSError(.configuration, message: "the header \(header.name.prefix(64)) has a line break in it")
        }
        return header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
    }

    /// Zero would mean "no limit" to curl, so the least is one.
    private static func milliseconds(_ duration: Duration) -> Int {
        Int(min(max(duration.milliseconds, 1), Int64(Int32.max)))
    }

    private static func check(_ code: Int32) throws(AWSError) {
        guard code == 0 else {
            throw AWSError(.configuration, message: "curl: " + String(cString: ctransport_describe(code)))
        }
    }
}

/// Handles that were used already: to make one takes curl longer than to clear one.
struct SpareHandles {
    /// As many as there are calls at once where little goes on; each takes some kilobytes.
    private static let limit = 16

    private var handles: [EasyHandle] = []

    mutating func take() throws(AWSError) -> EasyHandle {
        if let handle = self.handles.popLast() { return handle }
        return try EasyHandle()
    }

    /// Takes back a handle that curl drives no longer; nothing of its request is kept.
    mutating func put(_ handle: EasyHandle) {
        if self.handles.count < Self.limit, handle.renew() { self.handles.append(handle) }
    }
}
