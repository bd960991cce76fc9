// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The operations of KMS that a fleet, its preflight and the demo need.
///
/// Source: botocore, `kms/2014-11-01`.
package struct KMSClient: Sendable {
    private let caller: ServiceCaller

    /// Makes a client that calls through `caller`.
    package init(_ caller: ServiceCaller) { self.caller = caller }

    /// What KMS says of a key.
    package struct KeyMetadata: Hashable, Sendable {
        package let keyID: String
        package let arn: String?
        /// `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, `Unavailable`, and so on.
        package let keyState: String?
        /// `AWS` or `CUSTOMER`.
        package let keyManager: String?
        package let keyUsage: String?
        package let keySpec: String?
        package let description: String?
        package let multiRegion: Bool?

        /// Makes metadata, for tests and doubles.
        package init(
            keyID: String,
            arn: String? = nil,
            keyState: String? = nil,
            keyManager: String? = nil,
            keyUsage: String? = nil,
            keySpec: String? = nil,
            description: String? = nil,
            multiRegion: Bool? = nil
        ) {
            self.keyID = keyID
            self.arn = arn
            self.keyState = keyState
            self.keyManager = keyManager
            self.keyUsage = keyUsage
            self.keySpec = keySpec
            self.description = description
            self.multiRegion = multiRegion
        }

        init(_ json: JSONValue, operation: String) throws(AWSError) {
            guard let metadata = json["KeyMetadata"], let keyID = metadata["KeyId"]?.string else {
                throw .missing("KeyMetadata", in: operation)
            }
            self.keyID = keyID
            self.arn = metadata["Arn"]?.string
            self.keyState = metadata["KeyState"]?.string
            self.keyManager = metadata["KeyManager"]?.string
            self.keyUsage = metadata["KeyUsage"]?.string
            self.keySpec = metadata["KeySpec"]?.string
            self.description = metadata["Description"]?.string
            self.multiRegion = metadata["MultiRegion"]?.bool
        }
    }

    /// A name for a key.
    package struct Alias: Hashable, Sendable {
        /// With its prefix `alias/`.
        package let aliasName: String
        package let aliasARN: String?
        /// `nil` for AWS's own aliases that no key is behind yet.
        package let targetKeyID: String?
    }

    /// Describes a key, by id, ARN, alias or alias ARN.
    package func describeKey(_ keyID: String) async throws(AWSError) -> KeyMetadata {
        try await self.call("DescribeKey", ["KeyId": .string(keyID)]) { (json) throws(AWSError) in
            try KeyMetadata(json, operation: "DescribeKey")
        }
    }

    /// Makes a symmetric key.
    package func createKey(description: String = "", multiRegion: Bool = false) async throws(AWSError) -> KeyMetadata {
        let document: JSONValue = ["Description": .string(description), "MultiRegion": .bool(multiRegion)]
        return try await self.call("CreateKey", document) { (json) throws(AWSError) in
            try KeyMetadata(json, operation: "CreateKey")
        }
    }

    /// Gives a key a name, which begins with `alias/`.
    package func createAlias(_ name: String, targetKeyID: String) async throws(AWSError) {
        try await self.call("CreateAlias", ["AliasName": .string(name), "TargetKeyId": .string(targetKeyID)]) { _ in }
    }

    /// Lists aliases, of one key or of all, a hundred pages at most.
    package func listAliases(keyID: String? = nil) async throws(AWSError) -> [Alias] {
        var aliases: [Alias] = []
        var marker: String?
        for _ in 0..<100 {
            let document = JSONValue.compact([
                "KeyId": keyID.map { .string($0) }, "Marker": marker.map { .string($0) }, "Limit": 100,
            ])
            let (page, next) = try await self.call("ListAliases", document) { json in
                let page = (json["Aliases"]?.array ?? []).compactMap { alias -> Alias? in
                    guard let name = alias["AliasName"]?.string else { return nil }
                    return Alias(
                        aliasName: name,
                        aliasARN: alias["AliasArn"]?.string,
                        targetKeyID: alias["TargetKeyId"]?.string
                    )
                }
                return (page, json["Truncated"]?.bool == true ? json["NextMarker"]?.string : nil)
            }
            aliases += page
            guard let next else { break }
            marker = next
        }
        return aliases
    }

    private func call<Output: Sendable>(
        _ operation: String,
        _ document: JSONValue,
        decode: (JSONValue) throws(AWSError) -> Output
    ) async throws(AWSError) -> Output {
        let body = ServiceCall.Body.json(document, target: "TrentService.\(operation)", version: "1.1")
        return try await self.caller.json(ServiceCall(operation: operation, body: body), decode: decode)
    }
}
