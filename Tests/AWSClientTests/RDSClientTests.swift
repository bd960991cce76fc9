// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("RDS")
struct RDSClientTests {
    static func client(_ answers: String...) throws -> (RDSClient, CannedTransport) {
        let transport = CannedTransport(answers.map { .body($0) })
        return (try AWSSession(transport).rds(region: "eu-west-1"), transport)
    }

    static func answer(_ operation: String, _ result: String) -> String {
        """
        <\(operation)Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><\(operation)Result>\(result)\
        </\(operation)Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></\(operation)Response>
        """
    }

    @Test("copies an instance's snapshot")
    func copy() async throws {
        let (rds, transport) = try Self.client(
            Self.answer(
                "CopyDBSnapshot",
                """
                <DBSnapshot><DBSnapshotIdentifier>t</DBSnapshotIdentifier><Status>creating</Status>
                <PercentProgress>0</PercentProgress><Encrypted>true</Encrypted><AllocatedStorage>20</AllocatedStorage>
                <OriginalSnapshotCreateTime>2026-11-21T20:10:28.618Z</OriginalSnapshotCreateTime>
                <TagList><Tag><Key>a</Key><Value>b c</Value></Tag><Tag><Key>e</Key><Value/></Tag></TagList></DBSnapshot>
                """
            )
        )
        let snapshot = try await rds.copyDBSnapshot(
            RDSClient.CopyRequest(
                source: "arn:aws:rds:us-east-1:1:snapshot:rds:db-1",
                target: "t",
                kmsKeyID: "alias/dr",
                tags: [RDSClient.Tag(key: "a", value: "b c")],
                copyTags: false,
                optionGroupName: "og"
            )
        )
        #expect(snapshot.status == "creating")
        #expect(snapshot.percentProgress == 0)
        #expect(snapshot.encrypted == true)
        #expect(snapshot.originalSnapshotCreateTime?.iso8601 == "2026-11-21T20:10:28.618Z")
        #expect(snapshot.tagList == [RDSClient.Tag(key: "a", value: "b c"), RDSClient.Tag(key: "e", value: "")])
        #expect(snapshot.kmsKeyID == nil)
        #expect(
            transport.form() == [
                "Action=CopyDBSnapshot", "Version=2014-10-31",
                "SourceDBSnapshotIdentifier=arn:aws:rds:us-east-1:1:snapshot:rds:db-1", "TargetDBSnapshotIdentifier=t",
                "KmsKeyId=alias/dr", "Tags.Tag.1.Key=a", "Tags.Tag.1.Value=b c", "CopyTags=false", "OptionGroupName=og",
            ]
        )
        #expect(!String(decoding: transport.requests[0].body, as: UTF8.self).contains("+"))
    }

    @Test("lists what happened of late, page by page")
    func events() async throws {
        let event = """
            <Event><SourceIdentifier>c</SourceIdentifier><SourceType>db-snapshot</SourceType><Message>m</Message>
            <EventCategories><EventCategory>notification</EventCategory></EventCategories>
            <Date>2026-11-21T20:10:28.618Z</Date><SourceArn>a</SourceArn></Event>
            """
        let (rds, transport) = try Self.client(
            Self.answer("DescribeEvents", "<Marker>x</Marker><Events>\(event)</Events>"),
            Self.answer("DescribeEvents", "<Events/>")
        )
        let events = try await rds.allEvents(sourceType: "db-snapshot", category: "notification", minutes: 60)
        let date = try #require(Instant(iso8601: "2026-11-21T20:10:28.618Z"))
        #expect(
            events == [
                RDSClient.Event(
                    sourceType: "db-snapshot",
                    sourceIdentifier: "c",
                    sourceARN: "a",
                    message: "m",
                    date: date
                )
            ]
        )
        #expect(
            transport.form(1) == [
                "Action=DescribeEvents", "Version=2014-10-31", "SourceType=db-snapshot", "Duration=60",
                "EventCategories.EventCategory.1=notification", "MaxRecords=100", "Marker=x",
            ]
        )
    }

    @Test("lists option groups page by page")
    func optionGroups() async throws {
        let (rds, transport) = try Self.client(
            Self.answer(
                "DescribeOptionGroups",
                """
                <Marker>x</Marker><OptionGroupsList><OptionGroup><OptionGroupName>tde</OptionGroupName>
                <EngineName>oracle-ee</EngineName><MajorEngineVersion>19</MajorEngineVersion><Options>
                <Option><OptionName>TDE</OptionName></Option></Options></OptionGroup></OptionGroupsList>
                """
            ),
            Self.answer("DescribeOptionGroups", "<OptionGroupsList/>")
        )
        let group = RDSClient.OptionGroup(name: "tde", engine: "oracle-ee", majorVersion: "19", options: ["TDE"])
        #expect(try await rds.allOptionGroups() == [group])
        #expect(
            transport.form(1) == ["Action=DescribeOptionGroups", "Version=2014-10-31", "MaxRecords=100", "Marker=x"]
        )
    }

    @Test("copies a cluster's snapshot, without what only instances have")
    func copyCluster() async throws {
        let (rds, transport) = try Self.client(
            Self.answer(
                "CopyDBClusterSnapshot",
                """
                <DBClusterSnapshot><StorageEncrypted>false</StorageEncrypted>
                <SourceDBClusterSnapshotArn>s</SourceDBClusterSnapshotArn></DBClusterSnapshot>
                """
            )
        )
        let snapshot = try await rds.copyDBClusterSnapshot(
            RDSClient.CopyRequest(source: "s", target: "t", optionGroupName: "og", copyOptionGroup: true)
        )
        #expect(snapshot.storageEncrypted == false)
        #expect(snapshot.sourceDBClusterSnapshotARN == "s")
        #expect(
            transport.form() == [
                "Action=CopyDBClusterSnapshot", "Version=2014-10-31", "SourceDBClusterSnapshotIdentifier=s",
                "TargetDBClusterSnapshotIdentifier=t",
            ]
        )
    }

    @Test("the presigned URL is botocore's")
    func preSignedURL() async throws {
        let vector = try #require(
            RequestSignerTests.vectors.first { $0.text("name") == "rds CopyDBSnapshot PreSignedUrl" }
        )
        let time = SleeplessTime(vector.instant)
        let session = AWSSession(
            CannedTransport(""),
            credentials: StaticCredentials(vector.signer.credentials),
            time: time
        )
        let arn = "arn:aws-us-gov:rds:us-gov-west-1:123456789012:"
        let request = RDSClient.CopyRequest(
            source: "\(arn)snapshot:rds:prod-2015-08-30-05-10",
            target: "prod-2015-08-30-05-10-us-gov-west-1",
            kmsKeyID: "alias/dr",
            tags: [
                RDSClient.Tag(key: "a", value: "b c"), RDSClient.Tag(key: "snapferry:source", value: "\(arn)x+y"),
            ],
            copyTags: true,
            preSignedURL: "stale"
        )
        let url = try await session.rds(region: "us-gov-east-1")
            .preSignedURL(for: request, kind: .instance, sourceRegion: "us-gov-west-1")
        // botocore puts CopyTags before the tags; the order of a query is free, and the signature sorts it.
        let pairs = url.split(separator: "?").last?.split(separator: "&").map { String($0) } ?? []
        #expect(pairs.sorted() == vector.expected("query").split(separator: "&").map { String($0) }.sorted())
        #expect(pairs.last == "X-Amz-Signature=\(vector.expected("signature"))")
        #expect(url.hasPrefix("https://rds.us-gov-west-1.amazonaws.com/?Action=CopyDBSnapshot&Version=2014-10-31&"))
    }

    @Test("describes page after page")
    func paging() async throws {
        func page(_ ids: [String], marker: String?) -> String {
            Self.answer(
                "DescribeDBSnapshots",
                (marker.map { "<Marker>\($0)</Marker>" } ?? "") + "<DBSnapshots>"
                    + ids.map { "<DBSnapshot><DBSnapshotIdentifier>\($0)</DBSnapshotIdentifier></DBSnapshot>" }.joined()
                    + "</DBSnapshots>"
            )
        }
        let (rds, transport) = try Self.client(
            page(["a", "b"], marker: "m1"),
            page([], marker: "m2"),
            page(["c"], marker: nil)
        )
        let query = RDSClient.SnapshotQuery(
            snapshotType: "manual",
            filters: [RDSClient.Filter(name: "db-snapshot-id", values: ["a", "b"])]
        )
        let snapshots = try await rds.allDBSnapshots(query)
        #expect(snapshots.map(\.dbSnapshotIdentifier) == ["a", "b", "c"])
        let first = [
            "Action=DescribeDBSnapshots", "Version=2014-10-31", "SnapshotType=manual",
            "Filters.Filter.1.Name=db-snapshot-id", "Filters.Filter.1.Values.Value.1=a",
            "Filters.Filter.1.Values.Value.2=b", "MaxRecords=100",
        ]
        #expect(transport.form(0) == first)
        #expect(transport.form(2) == first + ["Marker=m2"])
        #expect(transport.requests.count == 3)
    }

    @Test("a list without an end is given up")
    func endlessList() async throws {
        let standing = Self.answer("DescribeDBClusterSnapshots", "<Marker>m</Marker><DBClusterSnapshots/>")
        let (rds, transport) = try Self.client(standing)
        await #expect(throws: AWSError.self) { try await rds.allDBClusterSnapshots(RDSClient.SnapshotQuery()) }
        #expect(transport.requests.count == 2)
        var asked = 0
        let error = await #expect(throws: AWSError.self) {
            try await RDSClient.allPages(cap: 5) { (_) throws(AWSError) -> RDSClient.Page<Int> in
                asked += 1
                return RDSClient.Page(elements: [asked], marker: String(asked))
            }
        }
        #expect(asked == 5)
        #expect(error?.code == .malformedAnswer)
    }

    @Test("shares snapshots and reads with whom")
    func sharing() async throws {
        let (rds, transport) = try Self.client(
            Self.answer(
                "ModifyDBSnapshotAttribute",
                """
                <DBSnapshotAttributesResult><DBSnapshotAttributes><DBSnapshotAttribute><AttributeName>restore</AttributeName>
                <AttributeValues><AttributeValue>1</AttributeValue><AttributeValue>2</AttributeValue></AttributeValues>
                </DBSnapshotAttribute></DBSnapshotAttributes></DBSnapshotAttributesResult>
                """
            )
        )
        let attributes = try await rds.modifyDBSnapshotAttribute("s", adding: ["1"], removing: ["3", "4"])
        #expect(attributes == ["restore": ["1", "2"]])
        #expect(
            transport.form() == [
                "Action=ModifyDBSnapshotAttribute", "Version=2014-10-31", "DBSnapshotIdentifier=s",
                "AttributeName=restore", "ValuesToAdd.AttributeValue.1=1", "ValuesToRemove.AttributeValue.1=3",
                "ValuesToRemove.AttributeValue.2=4",
            ]
        )
    }

    @Test("operations without a result")
    func withoutResult() async throws {
        let (rds, transport) = try Self.client(
            "<AddTagsToResourceResponse><ResponseMetadata/></AddTagsToResourceResponse>",
            "<RemoveTagsFromResourceResponse/>",
            "<DeleteDBClusterSnapshotResponse/>"
        )
        try await rds.addTagsToResource(arn: "arn", tags: [RDSClient.Tag(key: "k", value: "v")])
        try await rds.removeTagsFromResource(arn: "arn", keys: ["k"])
        try await rds.deleteDBClusterSnapshot("s")
        #expect(transport.form(0).suffix(2) == ["Tags.Tag.1.Key=k", "Tags.Tag.1.Value=v"])
        #expect(transport.form(1).last == "TagKeys.member.1=k")
        #expect(transport.form(2).last == "DBClusterSnapshotIdentifier=s")
    }

    @Test("the quotas of an account")
    func quotas() async throws {
        let (rds, _) = try Self.client(
            Self.answer(
                "DescribeAccountAttributes",
                """
                <AccountQuotas><AccountQuota><AccountQuotaName>ManualSnapshots</AccountQuotaName><Used>7</Used>
                <Max>100</Max></AccountQuota></AccountQuotas>
                """
            )
        )
        let quota = try #require(try await rds.describeAccountAttributes().first)
        #expect(quota.name == "ManualSnapshots")
        #expect(quota.used == 7)
        #expect(quota.max == 100)
    }

    @Test("makes what the demo copies")
    func creates() async throws {
        let (rds, transport) = try Self.client(
            Self.answer("CreateDBInstance", "<DBInstance><DBInstanceIdentifier>db</DBInstanceIdentifier></DBInstance>"),
            Self.answer("CreateDBCluster", "<DBCluster><Status>available</Status></DBCluster>"),
            Self.answer("CreateDBSnapshot", "<DBSnapshot><Status>creating</Status></DBSnapshot>")
        )
        let database = RDSClient.NewDatabase(identifier: "db", engine: "postgres", masterUserPassword: "p")
        #expect(try await rds.createDBInstance(database).dbInstanceIdentifier == "db")
        #expect(try await rds.createDBCluster(database).status == "available")
        #expect(try await rds.createDBSnapshot(identifier: "s", dbInstanceIdentifier: "db").status == "creating")
        #expect(transport.form(0).contains("DBInstanceClass=db.t3.micro"))
        #expect(!transport.form(1).contains { $0.hasPrefix("DBInstanceClass") || $0.hasPrefix("AllocatedStorage") })
    }
}
