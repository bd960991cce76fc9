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

    /// The configured Region, or the one of the EC2 instance this runs on.
    ///
    /// - Parameters:
    ///   - environment: The process's environment.
    ///   - profile: The profile in use, if there is one.
    ///   - metadata: Whom to ask last; `nil` to ask nobody.
    /// - Returns: A Region that could exist.
    /// - Throws: AWSError with code `configuration` when no Region can be had, or one that could not exist is
    ///   configured; `cancelled` when the task was cancelled.
    package static func region(
        environment: [String: String],
        profile: Profile? = nil,
        metadata: InstanceMetadata?
    ) async throws(AWSError) -> String {
        if let region = try self.configured(environment: environment, profile: profile) { return region }
        do throws(AWSError) {
            if let region = try await metadata?.region() { return region }
        } catch  where error.code == .cancelled {
            throw error
        } catch {
            // There is no instance to ask, so nothing was configured.
        }
        throw AWSError(.configuration, message: "no Region: set AWS_REGION, or region in the profile")
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
