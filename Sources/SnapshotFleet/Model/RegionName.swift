// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What the name of an AWS Region tells.
package enum RegionName {
    /// The parts of the plain `aws` partition, by what their Regions' names begin with.
    ///
    /// No other word that stands inside a Region's name may be added here: ``TargetIdentifier`` relies on no Region's
    /// name being the tail of another's.
    private static let areas: Set<String> = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"]

    /// The partition a Region belongs to.
    ///
    /// Goes by the shape, not by a list of Regions, so that a Region opened tomorrow works.
    ///
    /// - Returns: `nil` when the text is not shaped like the name of a Region of any known partition.
    package static func partition(of region: String) -> String? {
        // By bytes: every event and every job names some.
        let bytes = region.utf8
        guard bytes.count <= 32, let last = bytes.lastIndex(of: UInt8(ascii: "-")),
            let middle = bytes[..<last].lastIndex(of: UInt8(ascii: "-"))
        else { return nil }
        let number = bytes[bytes.index(after: last)...]
        let area = bytes[bytes.index(after: middle)..<last]
        guard (1...2).contains(number.count), number.allSatisfy({ (48...57).contains($0) }), !area.isEmpty,
            area.allSatisfy({ (97...122).contains($0) })
        else { return nil }
        let prefix = String(region[..<middle])
        switch prefix {
        case "us-gov": return "aws-us-gov"
        case "us-iso": return "aws-iso"
        case "us-isob": return "aws-iso-b"
        case "eu-isoe": return "aws-iso-e"
        case "us-isof": return "aws-iso-f"
        case "eusc-de": return "aws-eusc"
        case "cn": return "aws-cn"
        default: return self.areas.contains(prefix) ? "aws" : nil
        }
    }
}
