// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What is measured with.
enum Samples {
    static let account = "111122223333"
    static let region = "us-east-1"
    static let queueURL = "https://sqs.us-east-1.amazonaws.com/111122223333/jobs"
    static let now = Instant(seconds: 1_795_000_000)

    static let signer = RequestSigner(
        credentials: Credentials(accessKeyID: "AKIAEXAMPLE", secretAccessKey: "secret", sessionToken: nil),
        region: "us-east-1",
        service: "sqs"
    )

    static let unsigned = HTTPRequest(
        method: "POST",
        url: "https://sqs.us-east-1.amazonaws.com/",
        headers: [
            ("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "AmazonSQS.ReceiveMessage"),
        ],
        body: Array(
            #"""
            {"QueueUrl":"https://sqs.us-east-1.amazonaws.com/111122223333/jobs","MaxNumberOfMessages":10,\#
            "WaitTimeSeconds":20,"VisibilityTimeout":120,"MessageSystemAttributeNames":["All"]}
            """#.utf8
        )
    )

    static func arn(_ number: Int) -> SnapshotARN {
        SnapshotARN(
            partition: "aws",
            region: "us-east-1",
            account: self.account,
            kind: .instance,
            identifier: "rds:orders-\(number)-2026-11-21-03-10"
        )
    }

    /// An automated snapshot's event as EventBridge delivers it.
    static func event(_ number: Int) -> String {
        let arn = self.arn(number)
        return """
            {"version":"0","id":"844e2571-85d4-695f-b930-0153b71dcb42","detail-type":"RDS DB Snapshot Event",\
            "source":"aws.rds","account":"\(arn.account)","time":"2026-11-21T03:12:13Z","region":"\(arn.region)",\
            "resources":["\(arn)"],"detail":{"EventCategories":["creation"],"SourceType":"SNAPSHOT",\
            "SourceArn":"\(arn)","Date":"2026-11-21T03:12:13.882Z","SourceIdentifier":"\(arn.identifier)",\
            "Message":"Automated snapshot created","EventID":"RDS-EVENT-0091"}}
            """
    }

    /// An automated snapshot of a database of its own.
    static func source(_ arn: SnapshotARN) -> Snapshot {
        Snapshot(
            arn: arn,
            database: String(arn.identifier.dropFirst("rds:".count).dropLast("-2026-11-21-03-10".count)),
            status: "available",
            origin: .automated,
            engine: "postgres",
            createdAt: self.now
        )
    }

    static func target(_ identifier: String, in pool: SlotPool, status: String) -> Snapshot {
        Snapshot(
            arn: SnapshotARN(
                partition: "aws",
                region: pool.destination.region,
                account: pool.destination.account,
                kind: pool.kind,
                identifier: identifier
            ),
            database: "orders",
            status: status,
            percentProgress: status == "available" ? 100 : 0
        )
    }

    static var facts: SnapshotFacts { SnapshotFacts(self.source(self.arn(1))) }

    static func policy(routes: Int) throws -> Policy {
        let texts = (0..<routes).map { number in
            // Only the last one matches.
            let pattern = number == routes - 1 ? "orders-*" : "team-\(number)-*"
            return """
                {"name": "route-\(number)", "source": {"regions": ["us-east-1"]}, "match": {"databases": ["\(pattern)"],
                 "exclude": ["*-scratch"]}, "destinations": [{"region": "eu-west-1", "kmsKey": "alias/dr"}]}
                """
        }
        let document = "{\"routes\": [\(texts.joined(separator: ","))]}"
        return try PolicyDocument.parse(Array(document.utf8), source: "the benchmark").resolved(
            ownAccount: self.account
        )
    }

    // MARK: - A page of RDS

    /// What DescribeDBSnapshots answers for 100 snapshots, as long as RDS writes it.
    static let page: [UInt8] = {
        let snapshots = (0..<100).map(Self.snapshotXML).joined()
        return Array(
            """
            <DescribeDBSnapshotsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBSnapshotsResult>\
            <DBSnapshots>\(snapshots)</DBSnapshots></DescribeDBSnapshotsResult><ResponseMetadata>\
            <RequestId>c3b6d1c1-5a9b-4e57-8f77-2f1d8a2b5a11</RequestId></ResponseMetadata></DescribeDBSnapshotsResponse>
            """.utf8
        )
    }()

    private static func snapshotXML(_ number: Int) -> String {
        """
        <DBSnapshot>
          <Engine>postgres</Engine><SnapshotCreateTime>2026-11-21T03:10:28.618Z</SnapshotCreateTime>
          <AvailabilityZone>us-east-1a</AvailabilityZone><PercentProgress>100</PercentProgress>
          <AllocatedStorage>100</AllocatedStorage><MasterUsername>orders</MasterUsername><VpcId>vpc-0a1b2c3d4e5f</VpcId>
          <InstanceCreateTime>2024-02-11T10:00:00.000Z</InstanceCreateTime><LicenseModel>postgresql-license</LicenseModel>
          <OptionGroupName>default:postgres-16</OptionGroupName><Port>5432</Port><Status>available</Status>
          <SnapshotType>automated</SnapshotType><EngineVersion>16.4</EngineVersion><StorageType>gp3</StorageType>
          <Iops>3000</Iops><StorageThroughput>125</StorageThroughput><Encrypted>true</Encrypted>
          <KmsKeyId>arn:aws:kms:us-east-1:111122223333:key/0d9f6c9a-1111-2222-3333-444455556666</KmsKeyId>
          <DBInstanceIdentifier>orders-\(number)</DBInstanceIdentifier><DbiResourceId>db-ABCDEFGHIJKLMNOPQRSTUVWX</DbiResourceId>
          <DBSnapshotIdentifier>rds:orders-\(number)-2026-11-21-03-10</DBSnapshotIdentifier>
          <DBSnapshotArn>\(self.arn(number))</DBSnapshotArn><ProcessorFeatures/><IAMDatabaseAuthenticationEnabled>false</IAMDatabaseAuthenticationEnabled>
          <TagList><Tag><Key>team</Key><Value>orders</Value></Tag><Tag><Key>env</Key><Value>prod</Value></Tag></TagList>
          <OriginalSnapshotCreateTime>2026-11-21T03:10:28.618Z</OriginalSnapshotCreateTime>
          <DedicatedLogVolume>false</DedicatedLogVolume><MultiTenant>false</MultiTenant>
        </DBSnapshot>
        """
    }

    // MARK: - Messages of SQS

    /// What ReceiveMessage answers: ten events.
    static let messages: [UInt8] = {
        let messages = (0..<10).map { number in
            let body = JSONValue.string(Self.event(number)).description
            let digest = (Digest.md5(Array(Self.event(number).utf8)) ?? []).map { byte in
                String(byte / 16, radix: 16) + String(byte % 16, radix: 16)
            }
            return """
                {"MessageId":"5fea7756-0ea4-451a-a703-a558b933e2\(10 + number)","ReceiptHandle":"\(Self.receipt)\(number)",\
                "MD5OfBody":"\(digest.joined())","Body":\(body),"Attributes":{\
                "SenderId":"AIDAIENQZJOLO23YVJ4VO","ApproximateFirstReceiveTimestamp":"1795000000123",\
                "ApproximateReceiveCount":"1","SentTimestamp":"1795000000000"}}
                """
        }
        return Array("{\"Messages\":[\(messages.joined(separator: ","))]}".utf8)
    }()

    /// As long as those of SQS.
    private static let receipt = String(repeating: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a", count: 12)

    // MARK: - A network

    /// Clients over a network that always answers the same.
    static func session(answering body: [UInt8]) -> AWSSession {
        let context = ClientContext(transport: CannedTransport(body: body), credentials: SteadyCredentials())
        return AWSSession(context, region: self.region)
    }
}

private struct CannedTransport: HTTPTransport {
    let body: [UInt8]

    func send(_ request: HTTPRequest) async throws(AWSError) -> HTTPResponse {
        HTTPResponse(status: 200, headers: [], body: self.body)
    }
}

private struct SteadyCredentials: CredentialsProvider {
    func credentials() async throws(AWSError) -> Credentials { Samples.signer.credentials }
    func invalidate(_ credentials: Credentials) async {}
}
