// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension RDSClient {
    /// What to copy of a snapshot, and how; for both kinds.
    package struct CopyRequest: Hashable, Sendable {
        /// The source: its ARN, or its identifier in the same Region and account.
        package var source: String
        /// The identifier of the copy.
        package var target: String
        /// The destination's key: its id, ARN or alias.
        package var kmsKeyID: String?
        /// Where this is not empty, RDS ignores `copyTags`.
        package var tags: [Tag]
        package var copyTags: Bool?
        /// Instances only.
        package var optionGroupName: String?
        /// Instances only; for copies across accounts.
        package var copyOptionGroup: Bool?
        /// A secret while it is good for anything; see ``RDSClient/preSignedURL(for:kind:sourceRegion:)``.
        package var preSignedURL: String?

        /// Makes a request.
        package init(
            source: String,
            target: String,
            kmsKeyID: String? = nil,
            tags: [Tag] = [],
            copyTags: Bool? = nil,
            optionGroupName: String? = nil,
            copyOptionGroup: Bool? = nil,
            preSignedURL: String? = nil
        ) {
            self.source = source
            self.target = target
            self.kmsKeyID = kmsKeyID
            self.tags = tags
            self.copyTags = copyTags
            self.optionGroupName = optionGroupName
            self.copyOptionGroup = copyOptionGroup
            self.preSignedURL = preSignedURL
        }
    }

    /// Which of the two copy operations.
    package enum CopyKind: Hashable, Sendable {
        case instance, cluster
    }

    /// Starts a copy of an instance's snapshot in this Region.
    ///
    /// - Parameters:
    ///   - request: What to copy.
    ///   - isAllowed: Is asked right before each attempt; `nil` allows them all. See ``ServiceCall/isAllowed``.
    /// - Returns: The copy as RDS describes it right after accepting.
    /// - Throws: ``AWSError``.
    package func copyDBSnapshot(
        _ request: CopyRequest,
        whileAllowed isAllowed: (@Sendable () -> Bool)? = nil
    ) async throws(AWSError) -> DBSnapshot {
        try await self.call(Self.copyForm(request, .instance), whileAllowed: isAllowed) { (result) throws(AWSError) in
            guard let node = result["DBSnapshot"] else { throw .missing("DBSnapshot", in: "CopyDBSnapshot") }
            return DBSnapshot(node)
        }
    }

    /// Starts a copy of a cluster's snapshot in this Region.
    ///
    /// - Parameters:
    ///   - request: What to copy.
    ///   - isAllowed: Is asked right before each attempt; `nil` allows them all. See ``ServiceCall/isAllowed``.
    /// - Returns: The copy as RDS describes it right after accepting.
    /// - Throws: ``AWSError``.
    package func copyDBClusterSnapshot(
        _ request: CopyRequest,
        whileAllowed isAllowed: (@Sendable () -> Bool)? = nil
    ) async throws(AWSError) -> DBClusterSnapshot {
        try await self.call(Self.copyForm(request, .cluster), whileAllowed: isAllowed) { (result) throws(AWSError) in
            guard let node = result["DBClusterSnapshot"] else {
                throw .missing("DBClusterSnapshot", in: "CopyDBClusterSnapshot")
            }
            return DBClusterSnapshot(node)
        }
    }

    /// Makes the URL by which this Region's RDS asks the source's for the snapshot; GovCloud alone needs it.
    ///
    /// It repeats the copy request, all but the URL itself, as a presigned GET to the source Region, good for an hour.
    ///
    /// - Parameters:
    ///   - request: The copy, as it will be called here.
    ///   - kind: Which of the two operations.
    ///   - sourceRegion: Where the snapshot is.
    /// - Returns: A URL that is a secret while it is good for anything.
    /// - Throws: ``AWSError``.
    package func preSignedURL(
        for request: CopyRequest,
        kind: CopyKind,
        sourceRegion: String
    ) async throws(AWSError) -> String {
        let endpoint = try self.caller.context.endpoints.endpoint(for: .rds, region: sourceRegion)
        let credentials = try await self.caller.context.credentials.credentials()
        var request = request
        request.preSignedURL = nil
        var form = Self.copyForm(request, kind)
        form.add("DestinationRegion", self.caller.region)
        return RequestSigner(credentials: credentials, region: sourceRegion, service: AWSService.rds.rawValue).presign(
            method: "GET",
            url: "\(endpoint.url)/?\(form.encoded)",
            expires: .seconds(3600),
            at: self.caller.correctedNow()
        )
    }

    private static func copyForm(_ request: CopyRequest, _ kind: CopyKind) -> QueryForm {
        let name = kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        var form = Self.form("Copy\(name)")
        form.add("Source\(name)Identifier", request.source)
        form.add("Target\(name)Identifier", request.target)
        form.add("KmsKeyId", request.kmsKeyID)
        form.add(request.tags)
        form.add("CopyTags", request.copyTags)
        if kind == .instance {
            form.add("OptionGroupName", request.optionGroupName)
            form.add("CopyOptionGroup", request.copyOptionGroup)
        }
        form.add("PreSignedUrl", request.preSignedURL)
        return form
    }
}
