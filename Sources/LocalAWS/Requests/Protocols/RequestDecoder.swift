// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Finds out which operation a request means.
package enum RequestDecoder {
    /// Decodes a request.
    ///
    /// - Throws: ``UndecodableRequest`` for anything that is neither JSON with an `X-Amz-Target` nor a form with an
    ///   `Action`.
    package static func decode(_ request: IncomingRequest) throws(UndecodableRequest) -> DecodedRequest {
        if let target = request.header("x-amz-target") {
            return try self.decodeJSON(request, target: target)
        }
        return try self.decodeForm(request)
    }

    private static func decodeJSON(
        _ request: IncomingRequest,
        target: String
    ) throws(UndecodableRequest) -> DecodedRequest {
        let version = request.header("content-type")?.hasPrefix("application/x-amz-json-1.1") == true ? "1.1" : "1.0"
        let wantsQueryErrors = request.header("x-amzn-query-mode")?.lowercased() == "true"
        let language = WireProtocol.json(version: version, wantsQueryErrors: wantsQueryErrors)
        let parts = target.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard parts.count == 2, let service = ServiceName.targets[parts[0]] else {
            let failure = ModelFailure("UnknownOperationException", "The target \(target) is unknown")
            throw UndecodableRequest(failure: failure, service: nil, language: language)
        }
        let document = request.body.isEmpty ? JSONValue.object([:]) : try? JSONValue(parsing: request.body)
        guard let document, document.object != nil else {
            let failure = ModelFailure("SerializationException", "The body is no JSON object")
            throw UndecodableRequest(failure: failure, service: service, language: language)
        }
        return DecodedRequest(
            service: service,
            operation: parts[1],
            parameters: document,
            language: language
        )
    }

    private static func decodeForm(_ request: IncomingRequest) throws(UndecodableRequest) -> DecodedRequest {
        let form = self.pairs(String(decoding: request.body, as: UTF8.self))
        let pairs = self.pairs(request.query).filter { !$0.name.hasPrefix("X-Amz-") } + form
        let values = Dictionary(pairs.map { ($0.name, $0.value) }) { _, last in last }
        let signing = PresentedSignature(request)?.scope.service
        let service = values["Version"].flatMap { ServiceName.versions[$0] } ?? signing.flatMap(ServiceName.init)
        guard let operation = values["Action"], !operation.isEmpty else {
            let failure = ModelFailure("MissingAction", "The request is missing an action or a required parameter.")
            throw UndecodableRequest(failure: failure, service: service, language: .query)
        }
        guard let service, [.rds, .sts, .sqs, .sns, .monitoring].contains(service) else {
            let version = values["Version"] ?? ""
            let failure = ModelFailure("InvalidAction", "Could not find operation \(operation) for version \(version)")
            throw UndecodableRequest(failure: failure, service: service, language: .query)
        }
        var parameters = FormCodec.parameters(of: pairs.filter { $0.name != "Action" && $0.name != "Version" })
        if service == .sqs {
            let host = request.header("host") ?? "localhost"
            let url = request.path.count > 1 ? "http://\(host)\(request.path)" : nil
            parameters = SQSQueryDialect.parameters(of: operation, form: parameters, queueURL: url)
        }
        return DecodedRequest(service: service, operation: operation, parameters: parameters, language: .query)
    }

    /// Reads the pairs of a form or of a query, in which a plus sign is a space.
    package static func pairs(_ text: String) -> [(name: String, value: String)] {
        text.split(separator: "&").map { field in
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                name: PercentEncoding.decode(parts[0], plusIsSpace: true),
                value: parts.count > 1 ? PercentEncoding.decode(parts[1], plusIsSpace: true) : ""
            )
        }
    }
}
