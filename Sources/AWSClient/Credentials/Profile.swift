// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A named set of settings from the two files in `~/.aws`.
package struct Profile: Sendable, Equatable {
    package let name: String
    /// The settings of both files; where both have one, the credentials file's counts.
    package let settings: SharedConfigFile.Section
    /// The section that the profile's `services` names; a service's endpoint is a nested setting in it.
    package let services: SharedConfigFile.Section

    /// Makes a profile.
    package init(name: String, settings: SharedConfigFile.Section, services: SharedConfigFile.Section = [:]) {
        self.name = name
        self.settings = settings
        self.services = services
    }

    /// The text of a setting; `nil` when it is not there or empty.
    package subscript(key: String) -> String? { self[setting: key]?.text }

    /// A setting with the place it was read at; `nil` when it is not there or empty.
    package subscript(setting key: String) -> SharedConfigFile.Setting? {
        guard let setting = self.settings[key], !setting.text.isEmpty else { return nil }
        return setting
    }
}

/// The two files in `~/.aws`, read together.
package struct SharedConfig: Sendable {
    private let config: SharedConfigFile
    private let credentials: SharedConfigFile
    /// Where the two files were looked for.
    package let paths: [String]
    /// The profile to use: `AWS_PROFILE`, or `AWS_DEFAULT_PROFILE` as older tools have it, or `default`.
    package let profileName: String
    /// Whether the environment names the profile, so that it has to exist and wins over keys in the environment.
    package let isProfileExplicit: Bool

    /// Reads the files that `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name, or the usual ones below `HOME`.
    ///
    /// A file that can't be read counts as empty: most machines have none.
    package init(environment: [String: String], readFile: FileReader = SystemFiles.read) {
        let explicit = [environment["AWS_PROFILE"], environment["AWS_DEFAULT_PROFILE"]].compactMap(\.self)
            .first { !$0.isEmpty }
        self.isProfileExplicit = explicit != nil
        self.profileName = explicit ?? "default"
        let configPath = Self.path("AWS_CONFIG_FILE", "~/.aws/config", environment)
        let credentialsPath = Self.path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", environment)
        self.paths = [configPath, credentialsPath]
        self.config = SharedConfigFile(
            parsing: (try? readFile(configPath)) ?? [],
            kind: .config,
            path: configPath
        )
        self.credentials = SharedConfigFile(
            parsing: (try? readFile(credentialsPath)) ?? [],
            kind: .credentials,
            path: credentialsPath
        )
    }

    /// The profile of a name; `nil` when neither file has it.
    package func profile(named name: String) -> Profile? {
        guard self.config.profiles[name] != nil || self.credentials.profiles[name] != nil else { return nil }
        let settings = (self.config.profiles[name] ?? [:])
            .merging(self.credentials.profiles[name] ?? [:]) { _, fromCredentials in fromCredentials }
        let services = settings["services"].flatMap { self.config.services[$0.text] }
        return Profile(name: name, settings: settings, services: services ?? [:])
    }

    /// The profile to use; `nil` when the environment names none and there is no `default`.
    ///
    /// - Throws: ``AWSError/Code/configuration`` when the environment names one that neither file has, or the profile
    ///   names a `services` section that is not there.
    package func activeProfile() throws(AWSError) -> Profile? {
        guard let profile = self.profile(named: self.profileName) else {
            guard self.isProfileExplicit else { return nil }
            throw self.missing(self.profileName)
        }
        if let setting = profile[setting: "services"], self.config.services[setting.text] == nil {
            throw AWSError(.configuration, message: "\(setting.place): there is no section [services \(setting.text)]")
        }
        return profile
    }

    /// The error for a profile that neither file has.
    func missing(_ name: String) -> AWSError {
        AWSError(
            .configuration,
            message: "there is no profile \"\(name)\" in \(self.paths.joined(separator: " or "))"
        )
    }

    private static func path(_ variable: String, _ usual: String, _ environment: [String: String]) -> String {
        let path = environment[variable].flatMap { $0.isEmpty ? nil : $0 } ?? usual
        guard path.hasPrefix("~/"), let home = environment["HOME"] else { return path }
        return home + path.dropFirst()
    }
}
