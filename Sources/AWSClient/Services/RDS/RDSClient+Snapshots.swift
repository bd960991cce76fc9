// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension RDSClient {
    /// Deletes an instance's manual snapshot; a copy in progress ends.
    ///
    /// - Parameters:
    ///   - identifier: Which.
    ///   - isAllowed: Is asked right before each attempt; once it says no, none is sent any more.
    /// - Throws: ``AWSError``.
    package func deleteDBSnapshot(
        _ identifier: String,
        whileAllowed isAllowed: (@Sendable () -> Bool)? = nil
    ) async throws(AWSError) {
        var form = Self.form("DeleteDBSnapshot")
        form.add("DBSnapshotIdentifier", identifier)
        try await self.call(form, whileAllowed: isAllowed) { _ in }
    }

    /// Deletes a cluster's manual snapshot; a copy in progress ends.
    ///
    /// - Parameters:
    ///   - identifier: Which.
    ///   - isAllowed: Is asked right before each attempt; once it says no, none is sent any more.
    /// - Throws: ``AWSError``.
    package func deleteDBClusterSnapshot(
        _ identifier: String,
        whileAllowed isAllowed: (@Sendable () -> Bool)? = nil
    ) async throws(AWSError) {
        var form = Self.form("DeleteDBClusterSnapshot")
        form.add("DBClusterSnapshotIdentifier", identifier)
        try await self.call(form, whileAllowed: isAllowed) { _ in }
    }

    /// Makes a manual snapshot of a DB instance.
    package func createDBSnapshot(
        identifier: String,
        dbInstanceIdentifier: String,
        tags: [Tag] = []
    ) async throws(AWSError) -> DBSnapshot {
        var form = Self.form("CreateDBSnapshot")
        form.add("DBSnapshotIdentifier", identifier)
        form.add("DBInstanceIdentifier", dbInstanceIdentifier)
        form.add(tags)
        return try await self.call(form) { (result) throws(AWSError) in
            guard let node = result["DBSnapshot"] else { throw .missing("DBSnapshot", in: "CreateDBSnapshot") }
            return DBSnapshot(node)
        }
    }

    /// Makes a manual snapshot of a DB cluster.
    package func createDBClusterSnapshot(
        identifier: String,
        dbClusterIdentifier: String,
        tags: [Tag] = []
    ) async throws(AWSError) -> DBClusterSnapshot {
        var form = Self.form("CreateDBClusterSnapshot")
        form.add("DBClusterSnapshotIdentifier", identifier)
        form.add("DBClusterIdentifier", dbClusterIdentifier)
        form.add(tags)
        return try await self.call(form) { (result) throws(AWSError) in
            guard let node = result["DBClusterSnapshot"] else {
                throw .missing("DBClusterSnapshot", in: "CreateDBClusterSnapshot")
            }
            return DBClusterSnapshot(node)
        }
    }

    // MARK: - Sharing

    /// Lists the accounts that may restore or copy an instance's snapshot; `all` stands for everybody.
    package func describeDBSnapshotAttributes(_ identifier: String) async throws(AWSError) -> [String: [String]] {
        var form = Self.form("DescribeDBSnapshotAttributes")
        form.add("DBSnapshotIdentifier", identifier)
        return try await self.call(form) { Self.attributes(in: $0, "DBSnapshot") }
    }

    /// Lists the accounts that may restore or copy a cluster's snapshot; `all` stands for everybody.
    package func describeDBClusterSnapshotAttributes(
        _ identifier: String
    ) async throws(AWSError) -> [String: [String]] {
        var form = Self.form("DescribeDBClusterSnapshotAttributes")
        form.add("DBClusterSnapshotIdentifier", identifier)
        return try await self.call(form) { Self.attributes(in: $0, "DBClusterSnapshot") }
    }

    /// Shares an instance's manual snapshot with accounts, or no more.
    ///
    /// - Returns: The attributes after the change, as `describeDBSnapshotAttributes` gives them.
    @discardableResult
    package func modifyDBSnapshotAttribute(
        _ identifier: String,
        adding: [String] = [],
        removing: [String] = []
    ) async throws(AWSError) -> [String: [String]] {
        try await self.call(Self.modifyForm("DBSnapshot", identifier, adding, removing)) {
            Self.attributes(in: $0, "DBSnapshot")
        }
    }

    /// Shares a cluster's manual snapshot with accounts, or no more.
    ///
    /// - Returns: The attributes after the change, as `describeDBClusterSnapshotAttributes` gives them.
    @discardableResult
    package func modifyDBClusterSnapshotAttribute(
        _ identifier: String,
        adding: [String] = [],
        removing: [String] = []
    ) async throws(AWSError) -> [String: [String]] {
        try await self.call(Self.modifyForm("DBClusterSnapshot", identifier, adding, removing)) {
            Self.attributes(in: $0, "DBClusterSnapshot")
        }
    }

    private static func modifyForm(
        _ kind: String,
        _ identifier: String,
        _ adding: [String],
        _ removing: [String]
    ) -> QueryForm {
        var form = Self.form("Modify\(kind)Attribute")
        form.add("\(kind)Identifier", identifier)
        form.add("AttributeName", "restore")
        form.addList("ValuesToAdd", member: "AttributeValue", adding)
        form.addList("ValuesToRemove", member: "AttributeValue", removing)
        return form
    }

    private static func attributes(in result: XMLNode, _ kind: String) -> [String: [String]] {
        let nodes = result["\(kind)AttributesResult"]?.list("\(kind)Attributes", of: "\(kind)Attribute") ?? []
        return nodes.reduce(into: [:]) { attributes, node in
            guard let name = node.string("AttributeName") else { return }
            attributes[name] = node.list("AttributeValues", of: "AttributeValue").map(\.text)
        }
    }

    // MARK: - Tags

    /// Adds tags to a resource, replacing values of keys it has.
    package func addTagsToResource(arn: String, tags: [Tag]) async throws(AWSError) {
        var form = Self.form("AddTagsToResource")
        form.add("ResourceName", arn)
        form.add(tags)
        try await self.call(form) { _ in }
    }

    /// Takes tags off a resource.
    package func removeTagsFromResource(arn: String, keys: [String]) async throws(AWSError) {
        var form = Self.form("RemoveTagsFromResource")
        form.add("ResourceName", arn)
        form.addList("TagKeys", member: "member", keys)
        try await self.call(form) { _ in }
    }

    /// Lists a resource's tags; a Describe call gives them too, and is throttled less.
    package func listTagsForResource(arn: String) async throws(AWSError) -> [Tag] {
        var form = Self.form("ListTagsForResource")
        form.add("ResourceName", arn)
        return try await self.call(form) { $0.tagList }
    }
}
