// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@Suite("Names of Regions")
struct RegionNameTests {
    @Test(
        "tell the partition",
        arguments: [
            ("us-east-1", "aws"), ("ap-southeast-7", "aws"), ("mx-central-1", "aws"), ("us-gov-west-1", "aws-us-gov"),
            ("cn-north-1", "aws-cn"), ("us-iso-east-1", "aws-iso"), ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"), ("us-isof-south-1", "aws-iso-f"), ("eusc-de-east-1", "aws-eusc"),
        ]
    )
    func known(region: String, partition: String) {
        #expect(RegionName.partition(of: region) == partition)
    }

    @Test(
        "are told from anything else",
        arguments: [
            "", "-", "--", "us-east", "us-east-", "us-east-1a", "US-EAST-1", "us-east-100", "xx-east-1", "east-1",
            "us--1",
            "us-east-1 ", "us-east-١", "a.b-c-1", "../etc-x-1", "gov-west-1", "us-gov-gov-west-1",
        ]
    )
    func unknown(region: String) {
        #expect(RegionName.partition(of: region) == nil)
    }
}
