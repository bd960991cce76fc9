// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization

/// One identity's way to AWS: credentials, endpoints, retries, and a client for every service and Region.
///
/// Clients of one service and Region share their caller, and with it the bucket of retries and the rate.
package final class AWSSession: Sendable {
    /// What every caller here is made with.
    package let context: ClientContext
    /// The Region that STS is asked in.
    package let region: String

    private struct CallerKey: Hashable {
        let service: AWSService
        let region: String
    }

    private let callers = Mutex<[CallerKey: ServiceCaller]>([:])
    private let account = Mutex<String?>(nil)

    /// Makes a session.
    ///
    /// - Parameters:
    ///   - context: How to call.
    ///   - region: The Region that STS is asked in.
    package init(_ context: ClientContext, region: String) {
        self.context = context
        self.region = region
    }

    /// The caller of a service in a Region, always the same one.
    ///
    /// - Throws: ``AWSError`` with code `configuration` when there is no such endpoint.
    package func caller(for service: AWSService, region: String) throws(AWSError) -> ServiceCaller {
        let key = CallerKey(service: service, region: region)
        if let caller = self.callers.withLock({ $0[key] }) { return caller }
        let caller = try ServiceCaller(service: service, region: region, context: self.context)
        return self.callers.withLock { callers in
            // Another task may have been first; its caller counts.
            let first = callers[key] ?? caller
            callers[key] = first
            return first
        }
    }

    /// SQS in a Region.
    package func sqs(region: String) throws(AWSError) -> SQSClient {
        SQSClient(try self.caller(for: .sqs, region: region))
    }

    /// RDS in a Region.
    package func rds(region: String) throws(AWSError) -> RDSClient {
        RDSClient(try self.caller(for: .rds, region: region))
    }

    /// STS in a Region.
    package func sts(region: String) throws(AWSError) -> STSClient {
        STSClient(try self.caller(for: .sts, region: region))
    }

    /// KMS in a Region.
    package func kms(region: String) throws(AWSError) -> KMSClient {
        KMSClient(try self.caller(for: .kms, region: region))
    }

    /// DynamoDB in a Region.
    package func dynamoDB(region: String) throws(AWSError) -> DynamoDBClient {
        DynamoDBClient(try self.caller(for: .dynamodb, region: region))
    }

    /// EventBridge in a Region.
    package func events(region: String) throws(AWSError) -> EventBridgeClient {
        EventBridgeClient(try self.caller(for: .events, region: region))
    }

    /// SNS in a Region.
    package func sns(region: String) throws(AWSError) -> SNSClient {
        SNSClient(try self.caller(for: .sns, region: region))
    }

    /// CloudWatch in a Region.
    package func cloudWatch(region: String) throws(AWSError) -> CloudWatchClient {
        CloudWatchClient(try self.caller(for: .monitoring, region: region))
    }

    /// A session with the credentials of a role, which this session's may take on.
    ///
    /// Keep it: its credentials are fetched once and refreshed ahead of their expiry.
    ///
    /// - Parameters:
    ///   - roleARN: The role, in any account.
    ///   - externalID: What the role's owner asks outsiders for; `nil` when nothing.
    ///   - sessionName: What CloudTrail calls the session; `nil` for a name with the time in it.
    /// - Returns: The session; nothing is fetched yet. Where STS refuses the role, its calls end with code `rejected`.
    /// - Throws: ``AWSError`` with code `configuration` for an ARN that names no role.
    package func assuming(
        roleARN: String,
        externalID: String? = nil,
        sessionName: String? = nil
    ) throws(AWSError) -> AWSSession {
        let exchange = STSExchange(
            transport: self.context.transport,
            endpoint: try self.context.endpoints.endpoint(for: .sts, region: self.region),
            time: self.context.time,
            retries: self.context.retry,
            userAgent: self.context.userAgent
        )
        let role = try AssumedRole(arn: roleARN, externalID: externalID, sessionName: sessionName)
        let provider = AssumeRoleCredentials(
            role: role,
            source: self.context.credentials,
            sts: exchange,
            refusal: .rejected
        )
        var context = self.context
        context.credentials = CachedCredentials(provider, time: self.context.time)
        return AWSSession(context, region: self.region)
    }

    /// The account that the credentials belong to, twelve digits; asked once.
    package func accountID() async throws(AWSError) -> String {
        if let known = self.account.withLock({ $0 }) { return known }
        let identity = try await self.sts(region: self.region).getCallerIdentity()
        self.account.withLock { $0 = identity.account }
        return identity.account
    }
}
