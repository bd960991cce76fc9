// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// EC2's instance metadata service, version 2.
///
/// Version 1 is never fallen back to: it answers anyone who can make the instance send a GET.
package struct InstanceMetadata: Sendable {
    private let origin: String
    private let transport: any HTTPTransport

    /// Reads where the service is; `nil` when `AWS_EC2_METADATA_DISABLED` is `true`.
    ///
    /// - Parameters:
    ///   - environment: The process's environment.
    ///   - transport: What carries the requests.
    /// - Throws: AWSError with code `configuration` for an address or a mode that can't be.
    package init?(environment: [String: String], transport: any HTTPTransport) throws(AWSError) {
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        self.transport = transport
        if let text = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"].nonEmpty {
            do throws(EndpointURL.Refusal) {
                self.origin = try EndpointURL(parsing: text, allowsPlaintext: false).text
            } catch {
                throw AWSError(.configuration, message: "AWS_EC2_METADATA_SERVICE_ENDPOINT \(error.reason)")
            }
            return
        }
        switch environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.lowercased() {
        case nil, "", "ipv4": self.origin = "http://169.254.169.254"
        case "ipv6": self.origin = "http://[fd00:ec2::254]"
        default:
            throw AWSError(.configuration, message: "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor IPv6")
        }
    }

    /// The Region this instance is in.
    package func region() async throws(AWSError) -> String {
        let region = try await self.get(["placement/region"]).trimmingWhitespace()
        try RegionResolver.check(region)
        return region
    }

    /// Reads the name of the instance's role, and the credentials of that role as JSON.
    func roleCredentials() async throws(AWSError) -> [UInt8] {
        let folder = "iam/security-credentials/"
        let token = try await self.token()
        let list = try await self.body(at: folder, token: token)
        let role = String(decoding: list, as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
        guard !role.isEmpty, role.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"/?#%".utf8.contains($0) }) else {
            throw AWSError(.noCredentials, message: "the instance has no role")
        }
        return try await self.body(at: folder + role, token: token)
    }

    private func get(_ path: [String]) async throws(AWSError) -> String {
        let token = try await self.token()
        return String(decoding: try await self.body(at: path.joined(), token: token), as: UTF8.self)
    }

    private func token() async throws(AWSError) -> String {
        let response = try await self.send("PUT", "api/token", ("x-aws-ec2-metadata-token-ttl-seconds", "21600"))
        let token = String(decoding: response.body, as: UTF8.self).trimmingWhitespace()
        guard response.status == 200, !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Self.refusal(response.status, "a session token")
        }
        return token
    }

    private func body(at path: String, token: String) async throws(AWSError) -> [UInt8] {
        let response = try await self.send("GET", "meta-data/\(path)", ("x-aws-ec2-metadata-token", token))
        guard response.status == 200 else { throw Self.refusal(response.status, path) }
        return response.body
    }

    private func send(
        _ method: String,
        _ path: String,
        _ header: (name: String, value: String)
    ) async throws(AWSError) -> HTTPResponse {
        try await self.transport.send(
            HTTPRequest(
                method: method,
                url: "\(self.origin)/latest/\(path)",
                headers: [header],
                connectTimeout: .seconds(1),
                timeout: .seconds(1),
                bypassesProxy: true
            )
        )
    }

    private static func refusal(_ status: Int, _ what: String) -> AWSError {
        AWSError(
            status >= 500 ? .unavailable : .noCredentials,
            message: "the instance metadata service answered HTTP \(status) for \(what)",
            httpStatus: status
        )
    }
}
