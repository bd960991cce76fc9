// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The Regions that there are, as far as this version knows.
///
/// Used to find what was meant and to doubt what is new, never to refuse: a Region that opens tomorrow has to work.
package enum KnownRegions {
    /// Source: AWS General Reference, "AWS Regions"; the partitions of botocore's `endpoints.json`.
    package static let names = [
        "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
        "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
        "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "cn-north-1", "cn-northwest-1",
        "eu-central-1", "eu-central-2", "eu-isoe-west-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1",
        "eu-west-2", "eu-west-3", "eusc-de-east-1", "il-central-1", "me-central-1", "me-south-1", "mx-central-1",
        "sa-east-1", "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-iso-east-1", "us-iso-west-1",
        "us-isob-east-1", "us-isob-west-1", "us-isof-east-1", "us-isof-south-1", "us-west-1", "us-west-2",
    ]

    private static let directions: Set<String> = [
        "central", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest",
    ]

    /// Whether a name is made as the names of Regions are, up to the direction in it.
    package static func isPlausible(_ region: String) -> Bool {
        guard RegionName.partition(of: region) != nil, let direction = region.split(separator: "-").dropLast().last
        else { return false }
        return self.directions.contains(String(direction))
    }

    /// The Region that was most likely meant; `nil` when none is near.
    package static func nearest(to region: String) -> String? { FieldReader.nearest(to: region, among: self.names) }
}
