// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Finds the endpoint of a service in a Region.
///
/// An address given by hand wins over the names AWS has: `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the profile's
/// `services` section, the profile's `endpoint_url`, in this order. `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` switches all
/// four off. With one address for several Regions the Region is told by the credential scope alone.
///
/// Source: botocore 1.43, `configprovider.py` and the endpoint rule sets.
package struct EndpointResolver: Sendable {
    /// Which of a service's names to use.
    package struct Variant: Sendable, Hashable {
        /// Hosts whose cryptography is validated by FIPS 140.
        package var fips: Bool
        /// Hosts that have IPv6 addresses too.
        package var dualStack: Bool

        /// Chooses names; the plain ones unless told otherwise.
        package init(fips: Bool = false, dualStack: Bool = false) {
            self.fips = fips
            self.dualStack = dualStack
        }
    }

    /// Which of AWS's names are used where no address is given by hand.
    package let variant: Variant
    private let overrides: [AWSService: EndpointURL]

    /// Makes a resolver with its settings in hand.
    package init(variant: Variant = Variant(), overrides: [AWSService: EndpointURL] = [:]) {
        self.variant = variant
        self.overrides = overrides
    }

    /// Reads the settings.
    ///
    /// - Parameters:
    ///   - environment: The process's environment.
    ///   - profile: The profile in use, if there is one.
    ///   - allowsPlaintext: Whether an address may be plain `http` to any host.
    /// - Throws: ``AWSError/Code/configuration`` naming the setting, for an address or a switch that can't be.
    package init(
        environment: [String: String],
        profile: Profile? = nil,
        allowsPlaintext: Bool = false
    ) throws(AWSError) {
        let settings = Settings(environment: environment, profile: profile)
        self.variant = Variant(
            fips: try settings.isOn("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
            dualStack: try settings.isOn("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")
        )
        var overrides: [AWSService: EndpointURL] = [:]
        if try !settings.isOn("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls") {
            for service in AWSService.allCases {
                guard let (text, origin) = settings.override(for: service) else { continue }
                do throws(EndpointURL.Refusal) {
                    overrides[service] = try EndpointURL(parsing: text, allowsPlaintext: allowsPlaintext)
                } catch {
                    // The address itself may hold a password, so it is not repeated.
                    throw AWSError(.configuration, message: "\(origin) \(error.reason)")
                }
            }
        }
        self.overrides = overrides
    }

    /// Whether the endpoint of a service was given by hand.
    package func isOverridden(_ service: AWSService) -> Bool { self.overrides[service] != nil }

    /// The endpoint of `service` in `region`.
    ///
    /// - Throws: ``AWSError/Code/configuration`` when `region` could be no Region of any partition.
    package func endpoint(for service: AWSService, region: String) throws(AWSError) -> Endpoint {
        try RegionResolver.check(region)
        if let override = self.overrides[service] { return Endpoint(override, signingRegion: region) }
        let partition = Partition.of(region: region)
        let isPlain =
            !self.variant.fips
            || (partition.id == "aws-us-gov"
                && service.hasPlainFIPSNameInGovCloud(dualStack: self.variant.dualStack))
        let prefix = isPlain ? service.rawValue : "\(service.rawValue)-fips"
        let suffix = self.variant.dualStack ? partition.dualStackSuffix : partition.dnsSuffix
        return Endpoint(EndpointURL(secureHost: "\(prefix).\(region).\(suffix)"), signingRegion: region)
    }

    /// The environment before the profile.
    private struct Settings {
        let environment: [String: String]
        let profile: Profile?

        func isOn(_ variable: String, _ key: String) throws(AWSError) -> Bool {
            let setting = self.profile?[setting: key]
            let isFromEnvironment = self.environment[variable]?.isEmpty == false
            let text = isFromEnvironment ? self.environment[variable] : setting?.text
            switch text?.lowercased() {
            case nil, "", "false": return false
            case "true": return true
            default:
                let origin = isFromEnvironment ? variable : "\(key) in \(setting?.place ?? "the profile")"
                throw AWSError(.configuration, message: "\(origin) is neither true nor false")
            }
        }

        func override(for service: AWSService) -> (text: String, origin: String)? {
            for variable in ["AWS_ENDPOINT_URL_\(service.configurationName)", "AWS_ENDPOINT_URL"] {
                if let text = self.environment[variable], !text.isEmpty { return (text, variable) }
            }
            guard let profile = self.profile else { return nil }
            let name = service.configurationName.lowercased()
            if let section = profile.services[name], let text = section.nested["endpoint_url"] {
                return (text, "endpoint_url of \(name) in \(section.place)")
            }
            guard let setting = profile[setting: "endpoint_url"] else { return nil }
            return (setting.text, "endpoint_url in \(setting.place)")
        }
    }
}
