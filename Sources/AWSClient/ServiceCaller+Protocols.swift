// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension ServiceCaller {
    /// Calls an operation of the query protocol and gives its `<…Result>` to `decode`.
    func query<Output: Sendable>(
        _ form: QueryForm,
        operation: String,
        whileAllowed isAllowed: (@Sendable () -> Bool)? = nil,
        decode: (XMLNode) throws(AWSError) -> Output
    ) async throws(AWSError) -> Output {
        let call = ServiceCall(operation: operation, body: .query(form), isAllowed: isAllowed)
        return try await self.send(call) { (answer) throws(AWSError) in try decode(try answer.result(of: operation)) }
    }

    /// Calls an operation of a JSON protocol and gives the document it answers to `decode`.
    func json<Output: Sendable>(
        _ call: ServiceCall,
        decode: (JSONValue) throws(AWSError) -> Output
    ) async throws(AWSError) -> Output {
        try await self.send(call) { (answer) throws(AWSError) in try decode(try answer.json()) }
    }
}

extension AWSError {
    /// An answer that lacks what the caller can't live without.
    static func missing(_ member: String, in operation: String) -> AWSError {
        AWSError(.malformedAnswer, message: "the answer to \(operation) has no \(member)")
    }
}
