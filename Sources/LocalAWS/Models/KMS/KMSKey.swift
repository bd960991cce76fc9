// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

extension KMSModel {
    /// One key of one account in one Region.
    package struct Key: Hashable, Sendable {
        /// Whether a key can be used.
        package enum State: String, Hashable, Sendable {
            case enabled = "Enabled"
            case disabled = "Disabled"
            case pendingDeletion = "PendingDeletion"
        }

        /// A UUID, or `mrk-` and 32 hexadecimal digits.
        package let id: String
        package let account: String
        package let region: String
        /// Whether AWS made the key and keeps it, as it does `alias/aws/rds`.
        package let isManagedByAWS: Bool
        /// The Region of the primary key, for a multi-Region key; `nil` for any other.
        package let primaryRegion: String?
        package var state: State
        package var summary: String
        /// A policy document in JSON.
        package var policy: String
        package var created: Instant
        /// When a key whose deletion is pending goes.
        package var deletion: Instant?

        package var arn: String {
            "arn:\(RDSARN.partition(of: self.region)):kms:\(self.region):\(self.account):key/\(self.id)"
        }

        /// Whether the key can encrypt and decrypt.
        package var isEnabled: Bool { self.state == .enabled }

        /// Whether RDS may use the key on behalf of an account.
        ///
        /// The key's own account may; another one needs a statement in the policy of a customer's key that names it and
        /// allows both `kms:CreateGrant` and `kms:DescribeKey`.
        package func allowsUse(by account: String) -> Bool {
            if account == self.account { return true }
            guard !self.isManagedByAWS else { return false }
            return KMSPolicy(self.policy)?.allows(["kms:CreateGrant", "kms:DescribeKey"], account: account) ?? false
        }
    }
}

/// As much of a key policy as decides whether another account may use the key.
struct KMSPolicy {
    private struct Statement {
        var principals: [String]
        var actions: [RDSPattern]
    }

    private var allowed: [Statement] = []

    /// Reads a policy document; `nil` when it isn't one.
    init?(_ document: String) {
        guard let policy = try? JSONValue(parsing: document), let statement = policy["Statement"] else { return nil }
        for element in statement.array ?? [statement] where element["Effect"]?.string == "Allow" {
            let principal = element["Principal"]
            let accounts = principal?["AWS"] ?? principal
            self.allowed.append(
                Statement(
                    principals: Self.texts(accounts),
                    actions: Self.texts(element["Action"]).map { RDSPattern($0.lowercased()) }
                )
            )
        }
    }

    /// Whether an account is allowed all of the actions.
    func allows(_ actions: [String], account: String) -> Bool {
        actions.allSatisfy { action in
            self.allowed.contains { statement in
                statement.principals.contains { $0 == "*" || $0.contains(account) }
                    && statement.actions.contains { $0.matches(action.lowercased()) }
            }
        }
    }

    /// The policy that KMS gives a key that was made without one.
    static func ownerOnly(account: String, region: String) -> String {
        let root = "arn:\(RDSARN.partition(of: region)):iam::\(account):root"
        let document: JSONValue = [
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [
                [
                    "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": ["AWS": .string(root)],
                    "Action": "kms:*", "Resource": "*",
                ]
            ],
        ]
        return document.description
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        value?.string.map { [$0] } ?? value?.array?.compactMap { $0.string } ?? []
    }
}
