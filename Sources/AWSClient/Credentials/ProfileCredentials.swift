// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Finds out what a profile says about credentials.
///
/// Source: botocore 1.43, `credentials.py`; the AWS SDKs and Tools Reference Guide, "Assume role credential provider".
package struct ProfileCredentials {
    private let context: CredentialsContext

    /// Reads the profiles of `context`.
    package init(_ context: CredentialsContext) { self.context = context }

    /// The provider that a profile describes; put ``CachedCredentials`` around it.
    ///
    /// - Returns: `nil` when the profile says nothing about credentials.
    /// - Throws: AWSError with code `configuration`, naming the file and the line, for settings that contradict each
    ///   other, are not whole, or go round in circles.
    package func provider(for profile: Profile) throws(AWSError) -> (any CredentialsProvider)? {
        try self.provider(for: profile, path: [profile.name])
    }

    private func provider(for profile: Profile, path: [String]) throws(AWSError) -> (any CredentialsProvider)? {
        guard let role = profile[setting: "role_arn"] else { return try self.withoutRole(profile) }
        let assumed = try self.role(role, of: profile)
        if let tokenFile = profile["web_identity_token_file"] {
            return WebIdentityCredentials(
                role: assumed,
                tokenFile: tokenFile,
                readFile: self.context.readFile,
                sts: try self.context.sts(profile: profile)
            )
        }
        if let serial = profile[setting: "mfa_serial"] {
            throw Self.problem(serial, "mfa_serial needs somebody to type a code, which a worker does not have")
        }
        return AssumeRoleCredentials(
            role: assumed,
            source: try self.source(of: profile, role: role, path: path),
            sts: try self.context.sts(profile: profile)
        )
    }

    private func role(_ setting: SharedConfigFile.Setting, of profile: Profile) throws(AWSError) -> AssumedRole {
        var duration = Duration.seconds(3600)
        if let text = profile[setting: "duration_seconds"] {
            guard let seconds = Int(text.text), (900...43_200).contains(seconds) else {
                throw Self.problem(text, "duration_seconds is no number from 900 to 43200")
            }
            duration = .seconds(seconds)
        }
        do throws(AWSError) {
            return try AssumedRole(
                arn: setting.text,
                externalID: profile["external_id"],
                sessionName: profile["role_session_name"],
                duration: duration
            )
        } catch {
            throw Self.problem(setting, error.message)
        }
    }

    /// What the role of a profile is taken on with.
    private func source(
        of profile: Profile,
        role: SharedConfigFile.Setting,
        path: [String]
    ) throws(AWSError) -> any CredentialsProvider {
        switch (profile[setting: "source_profile"], profile[setting: "credential_source"]) {
        case (nil, nil): throw Self.problem(role, "role_arn needs a source_profile or a credential_source")
        case (.some(let source), .some):
            throw Self.problem(source, "source_profile and credential_source can't both be set")
        case (.some(let source), nil): return try self.sourceProfile(source, path: path)
        case (nil, .some(let source)): return try self.credentialSource(source)
        }
    }

    private func credentialSource(_ setting: SharedConfigFile.Setting) throws(AWSError) -> any CredentialsProvider {
        let provider: (any CredentialsProvider)?
        switch setting.text {
        case "Environment": provider = try EnvironmentCredentials(self.context.environment)
        case "EcsContainer": provider = try self.context.container()
        case "Ec2InstanceMetadata": provider = try self.context.instanceMetadata()
        default:
            throw Self.problem(setting, "credential_source is none of Environment, Ec2InstanceMetadata, EcsContainer")
        }
        guard let provider else {
            throw Self.problem(setting, "credential_source \(setting.text) has no credentials here")
        }
        return provider
    }

    private func sourceProfile(
        _ setting: SharedConfigFile.Setting,
        path: [String]
    ) throws(AWSError) -> any CredentialsProvider {
        let name = setting.text
        guard let profile = self.context.config.profile(named: name) else {
            throw Self.problem(setting, "there is no profile \"\(name)\" to take as source_profile")
        }
        // Keys come before a role here, so that a profile may name itself: its role is taken on with its own keys.
        if let keys = try Self.keys(of: profile) { return keys }
        guard !path.contains(name) else {
            throw Self.problem(setting, "source_profile goes in circles: \((path + [name]).joined(separator: " -> "))")
        }
        guard let provider = try self.provider(for: profile, path: path + [name]) else {
            throw Self.problem(setting, "the profile \"\(name)\" has no credentials")
        }
        return provider
    }

    private func withoutRole(_ profile: Profile) throws(AWSError) -> (any CredentialsProvider)? {
        if let keys = try Self.keys(of: profile) { return keys }
        if let setting = profile[setting: "credential_process"] {
            return try CredentialProcess(setting, run: self.context.runCommand)
        }
        if let setting = profile[setting: "sso_session"] ?? profile[setting: "sso_start_url"] {
            throw Self.problem(setting, "single sign-on needs somebody to log in, which a worker does not have")
        }
        return nil
    }

    private static func keys(of profile: Profile) throws(AWSError) -> StaticCredentials? {
        switch (profile[setting: "aws_access_key_id"], profile[setting: "aws_secret_access_key"]) {
        case (nil, nil): return nil
        case (.some(let keyID), nil): throw self.problem(keyID, "aws_access_key_id has no aws_secret_access_key")
        case (nil, .some(let secret)): throw self.problem(secret, "aws_secret_access_key has no aws_access_key_id")
        case (.some(let keyID), .some(let secret)):
            return StaticCredentials(
                Credentials(
                    accessKeyID: keyID.text,
                    secretAccessKey: secret.text,
                    sessionToken: profile["aws_session_token"],
                    accountID: profile["aws_account_id"]
                )
            )
        }
    }

    private static func problem(_ setting: SharedConfigFile.Setting, _ text: String) -> AWSError {
        AWSError(.configuration, message: "\(setting.place): \(text)")
    }
}
