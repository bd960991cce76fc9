// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// One of the separate worlds AWS runs: its own accounts, Regions, ARNs and DNS names.
///
/// Source: botocore 1.43, `partitions.json`.
package struct Partition: Sendable, Hashable {
    /// The second part of its ARNs, such as `aws-cn`.
    package let id: String
    /// What the hosts of its services end in.
    package let dnsSuffix: String
    /// What the hosts that also have IPv6 addresses end in.
    package let dualStackSuffix: String
    /// What its Regions begin with, before `-{place}-{number}`.
    let regionPrefixes: [String]

    /// Every partition; narrower prefixes stand before wider ones.
    package static let all: [Partition] = [
        Partition("aws-us-gov", "amazonaws.com", "api.aws", ["us-gov"]),
        Partition("aws-iso", "c2s.ic.gov", "api.aws.ic.gov", ["us-iso"]),
        Partition("aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", ["us-isob"]),
        Partition("aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", ["eu-isoe"]),
        Partition("aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", ["us-isof"]),
        Partition("aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", ["eusc-de", "eusc"]),
        Partition("aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", ["cn"]),
        Self.aws,
    ]

    /// The partition most accounts are in, and the one a Region of unknown shape is taken for.
    package static let aws = Partition(
        "aws",
        "amazonaws.com",
        "api.aws",
        ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"]
    )

    /// The partition that a Region belongs to, by its prefix.
    package static func of(region: String) -> Partition {
        // Every ARN that is read or written asks this, so it puts no text together.
        let named = region.hasSuffix("-global") ? self.all.first { $0.id == region.dropLast(7) } : nil
        return named ?? self.all.first { $0.regionPrefixes.contains { Self.begins(region, with: $0) } } ?? .aws
    }

    /// Whether a Region's name is a prefix, a hyphen and more.
    private static func begins(_ region: String, with prefix: String) -> Bool {
        region.hasPrefix(prefix) && region.utf8.dropFirst(prefix.utf8.count).first == UInt8(ascii: "-")
    }

    private init(_ id: String, _ dnsSuffix: String, _ dualStackSuffix: String, _ regionPrefixes: [String]) {
        self.id = id
        self.dnsSuffix = dnsSuffix
        self.dualStackSuffix = dualStackSuffix
        self.regionPrefixes = regionPrefixes
    }
}
