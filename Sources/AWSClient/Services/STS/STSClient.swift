// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// STS, for those who have credentials; ``STSExchange`` makes the calls that hand them out.
///
/// Source: botocore, `sts/2011-06-15`.
package struct STSClient: Sendable {
    private let caller: ServiceCaller

    /// Makes a client that calls through `caller`.
    package init(_ caller: ServiceCaller) { self.caller = caller }

    /// Who a set of credentials stands for.
    package struct CallerIdentity: Hashable, Sendable {
        /// Twelve digits.
        package let account: String
        package let arn: String
        package let userID: String?
    }

    /// Tells whose credentials these are; needs no permission.
    package func getCallerIdentity() async throws(AWSError) -> CallerIdentity {
        let form = QueryForm(action: "GetCallerIdentity", version: Self.version)
        return try await self.caller.query(form, operation: "GetCallerIdentity") { (result) throws(AWSError) in
            guard let account = result.string("Account"), let arn = result.string("Arn") else {
                throw .missing("Account", in: "GetCallerIdentity")
            }
            return CallerIdentity(account: account, arn: arn, userID: result.string("UserId"))
        }
    }

    private static let version = "2011-06-15"
}
