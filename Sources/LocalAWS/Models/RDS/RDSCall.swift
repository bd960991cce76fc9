// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// One request while it is being answered.
struct RDSCall {
    let request: ModelRequest
    let keys: KMSModel
    let now: Instant

    var account: String { self.request.caller.account }
    var region: String { self.request.region }
    var parameters: JSONValue { self.request.parameters }

    func place(_ kind: RDSKind) -> RDSPlace { RDSPlace(account: self.account, region: self.region, kind: kind) }

    /// The text of a parameter; `nil` when it is missing or empty.
    func text(_ parameter: String) -> String? {
        guard let text = self.parameters[parameter]?.string, !text.isEmpty else { return nil }
        return text
    }

    /// The text of a parameter that has to be there.
    func required(_ parameter: String) throws(ModelFailure) -> String {
        guard let text = self.text(parameter) else {
            throw ModelFailure("MissingParameter", "The request must contain the parameter \(parameter).")
        }
        return text
    }

    func flag(_ parameter: String) -> Bool { self.parameters[parameter]?.lenientBool ?? false }

    func texts(_ parameter: String) -> [String] {
        self.parameters[parameter]?.lenientArray.compactMap { $0.string } ?? []
    }

    func tags() throws(ModelFailure) -> [RDSTag] { try RDSTag.checked(self.parameters["Tags"]) }

    /// Finds the key that a new resource shall be encrypted with, and checks that it can be used here.
    ///
    /// - Parameters:
    ///   - name: The key as the caller wrote it.
    ///   - role: How the refusal begins.
    /// - Returns: The key's ARN.
    /// - Throws: `KMSKeyNotAccessibleFault`.
    func usableKey(_ name: String, role: String = "Specified KMS key") throws(ModelFailure) -> String {
        guard let key = self.keys.key(name, account: self.account, region: self.region), key.isEnabled,
            key.allowsUse(by: self.account)
        else { throw .keyNotAccessible(role, name) }
        return key.arn
    }
}
