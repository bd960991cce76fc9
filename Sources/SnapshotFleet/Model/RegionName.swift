// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What the name of an AWS Region tells.
package enum RegionName {
    /// The parts of the plain `aws` partition, by what their Regions' names begin with.
    ///
    /// No other word that stands inside a Region's name may be added here: ``TargetIdentifier`` relies on no Region's
    /// name being the tail of another's.
    private static let areas: Set<String> = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"]

    private static let special: [(prefix: [String], partition: String)] = [
        (["us", "gov"], "aws-us-gov"), (["us", "iso"], "aws-iso"), (["us", "isob"], "aws-iso-b"),
        (["eu", "isoe"], "aws-iso-e"), (["us", "isof"], "aws-iso-f"), (["eusc", "de"], "aws-eusc"), (["cn"], "aws-cn"),
    ]

    /// The partition a Region belongs to.
    ///
    /// Goes by the shape, not by a list of Regions, so that a Region opened tomorrow works.
    ///
    /// - Returns: `nil` when the text is not shaped like the name of a Region of any known partition.
    package static func partition(of region: String) -> String? {
        let words = region.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard words.count >= 3, region.utf8.count <= 32, let number = words.last, let area = words.dropLast().last,
            (1...2).contains(number.utf8.count), number.utf8.allSatisfy({ (48...57).contains($0) }),
            !area.isEmpty, area.utf8.allSatisfy({ (97...122).contains($0) })
        else { return nil }
        let prefix = Array(words.dropLast(2))
        if let found = Self.special.first(where: { $0.prefix == prefix }) { return found.partition }
        return prefix.count == 1 && Self.areas.contains(prefix[0]) ? "aws" : nil
    }
}
