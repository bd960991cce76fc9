// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The credentials that this process was given, wherever it runs.
///
/// The first that is configured counts: keys in the environment, a web identity token (IRSA), the profile, the container
/// (ECS, EKS Pod Identity), the instance (EC2). If that one fails, so does the call: going on to the next would act as
/// somebody else. A profile that the environment names comes first, and keys in the environment then don't count.
///
/// Source: botocore 1.43, `credentials.py`.
package struct DefaultCredentialsChain: CredentialsProvider {
    /// Where the credentials come from, for people: `the environment`, `profile "dev"`.
    package let origin: String
    private let provider: any CredentialsProvider

    /// Looks at what is configured; asks nobody yet.
    ///
    /// - Throws: AWSError with code `configuration` for what is configured wrongly, `noCredentials` when nothing is
    ///   configured and the instance must not be asked.
    package init(_ context: CredentialsContext) throws(AWSError) {
        let selected = try Self.select(context)
        self.origin = selected.origin
        self.provider = CachedCredentials(selected.provider, time: context.time, windows: selected.windows)
    }

    package func credentials() async throws(AWSError) -> Credentials { try await self.provider.credentials() }

    package func invalidate(_ credentials: Credentials) async { await self.provider.invalidate(credentials) }

    private struct Selection {
        let origin: String
        let provider: any CredentialsProvider
        var windows = CachedCredentials.Windows()
    }

    private static func select(_ context: CredentialsContext) throws(AWSError) -> Selection {
        if context.config.isProfileExplicit {
            if let selection = try self.profile(context) { return selection }
        } else if let provider = try EnvironmentCredentials(context.environment) {
            return Selection(origin: "the environment", provider: provider)
        }
        if let provider = try self.webIdentity(context) {
            return Selection(origin: "a web identity token", provider: provider)
        }
        if !context.config.isProfileExplicit, let selection = try self.profile(context) { return selection }
        if let provider = try context.container() { return Selection(origin: "the container", provider: provider) }
        guard let provider = try context.instanceMetadata() else { throw self.nothing }
        return Selection(
            origin: "the instance",
            provider: LastResort(provider: provider),
            windows: .instanceMetadata
        )
    }

    private static func profile(_ context: CredentialsContext) throws(AWSError) -> Selection? {
        guard let profile = try context.config.activeProfile(),
            let provider = try ProfileCredentials(context).provider(for: profile)
        else { return nil }
        return Selection(origin: "profile \"\(profile.name)\"", provider: provider)
    }

    private static func webIdentity(_ context: CredentialsContext) throws(AWSError) -> WebIdentityCredentials? {
        guard let tokenFile = context.environment["AWS_WEB_IDENTITY_TOKEN_FILE"].nonEmpty else { return nil }
        guard let arn = context.environment["AWS_ROLE_ARN"].nonEmpty else {
            throw AWSError(.configuration, message: "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not")
        }
        return WebIdentityCredentials(
            role: try AssumedRole(arn: arn, sessionName: context.environment["AWS_ROLE_SESSION_NAME"]),
            tokenFile: tokenFile,
            readFile: context.readFile,
            sts: try context.sts()
        )
    }

    fileprivate static let nothing = AWSError(
        .noCredentials,
        message: "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run with a role "
            + "(IRSA, EKS Pod Identity, ECS task role, EC2 instance profile)"
    )
}

/// Asks the instance, which may be no instance at all: then nothing was configured, and that is what to say.
private struct LastResort: CredentialsProvider {
    let provider: InstanceMetadataCredentials

    func credentials() async throws(AWSError) -> Credentials {
        do throws(AWSError) {
            return try await self.provider.credentials()
        } catch {
            // No answer, switched off, or an instance without a role.
            let isAbsent = error.httpStatus.map { [403, 404, 405].contains($0) } ?? error.isRetryable
            throw isAbsent ? DefaultCredentialsChain.nothing : error
        }
    }
}
