// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// One call of one operation, in its service's protocol.
package struct ServiceCall: Sendable {
    /// How the parameters travel.
    package enum Body: Sendable {
        /// A form, answered in XML.
        case query(QueryForm)
        /// A document, answered in the same; `version` is `1.0` or `1.1`, `target` the `X-Amz-Target`.
        case json(JSONValue, target: String, version: String)
    }

    package var operation: String
    package var body: Body
    /// How long one attempt may take; 30 s by default.
    package var timeout: Duration
    /// How many attempts the call gets in place of the session's number; `nil` for that.
    package var attempts: Int?
    /// Service codes that are an answer to this call rather than a failure, as a condition that did not hold.
    package var expectedRefusals: Set<String>
    /// Is asked right before each attempt is signed and sent; `nil` allows them all.
    ///
    /// For what must not happen late: a process can be stopped for minutes between two attempts. Once it says no, the call
    /// ends with code `timedOut`. What is stopped between the question and the wire stays possible, but AWS refuses
    /// signatures that are older than a few minutes.
    package var isAllowed: (@Sendable () -> Bool)?

    /// Makes a call that has no expected refusals unless told otherwise.
    package init(
        operation: String,
        body: Body,
        timeout: Duration = .seconds(30),
        attempts: Int? = nil,
        expectedRefusals: Set<String> = [],
        isAllowed: (@Sendable () -> Bool)? = nil
    ) {
        self.operation = operation
        self.body = body
        self.timeout = timeout
        self.attempts = attempts
        self.expectedRefusals = expectedRefusals
        self.isAllowed = isAllowed
    }
}

/// What a service answered: a success, or a refusal that the call expected.
package struct ServiceAnswer: Sendable {
    package let response: HTTPResponse
    /// `nil` for a success.
    package let refusal: AWSError?

    /// The document of a JSON service; an empty body counts as an empty object.
    ///
    /// - Throws: ``AWSError`` with code `malformedAnswer`.
    func json() throws(AWSError) -> JSONValue {
        guard !self.response.body.isEmpty else { return .object([:]) }
        do throws(JSONSyntaxError) {
            let value = try JSONValue(parsing: self.response.body)
            guard value.object != nil else { throw JSONSyntaxError(problem: "no object", line: 1, column: 1) }
            return value
        } catch {
            throw self.malformed("JSON: \(error)")
        }
    }

    /// The `<…Result>` of a query service; an empty element for operations that have no result.
    ///
    /// - Throws: ``AWSError`` with code `malformedAnswer`.
    func result(of operation: String) throws(AWSError) -> XMLNode {
        do throws(XMLSyntaxError) {
            let root = try XMLNode(parsing: self.response.body)
            guard root.name == "\(operation)Response" else {
                throw XMLSyntaxError(problem: "the outermost element is \(root.name.prefix(64))", line: 1)
            }
            return root["\(operation)Result"] ?? XMLNode(name: "\(operation)Result")
        } catch {
            throw self.malformed("XML: \(error)")
        }
    }

    private func malformed(_ problem: String) -> AWSError {
        AWSError(
            .malformedAnswer,
            message: "HTTP \(self.response.status) with unreadable \(problem)",
            requestID: ServiceErrorParser.requestID(of: self.response),
            httpStatus: self.response.status
        )
    }
}
