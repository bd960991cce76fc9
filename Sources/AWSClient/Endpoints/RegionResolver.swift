// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Finds the Region this process is configured for.
package enum RegionResolver {
    /// The Region of `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile, in this order.
    ///
    /// - Returns: `nil` when none names one.
    /// - Throws: ``AWSError/Code/configuration`` when the first that names one names none that could exist.
    package static func configured(environment: [String: String], profile: Profile? = nil) throws(AWSError) -> String? {
        let candidates = [environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"], profile?["region"]]
        guard let region = candidates.compactMap(\.self).first(where: { !$0.isEmpty }) else { return nil }
        try self.check(region)
        return region
    }

    /// Makes sure that a Region can stand in a host name and a credential scope.
    ///
    /// Region names that this client has never heard of pass: AWS opens new ones.
    ///
    /// - Throws: ``AWSError/Code/configuration``.
    package static func check(_ region: String) throws(AWSError) {
        let isLabel = region.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (48...57).contains(byte) || byte == 45
        }
        guard isLabel, (3...63).contains(region.utf8.count), region.contains("-"), !region.hasPrefix("-"),
            !region.hasSuffix("-")
        else { throw AWSError(.configuration, message: "not a Region: \"\(region)\"; one looks like eu-west-1") }
    }
}
