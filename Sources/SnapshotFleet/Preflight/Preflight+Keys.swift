// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Keys of KMS.
extension Preflight {
    /// Judges a key that copies or hops are to be encrypted under.
    ///
    /// - Returns: What KMS says of it if it can be used.
    mutating func judge(
        key: String,
        _ answer: PreflightFacts.Answer<KMSClient.KeyMetadata>,
        _ subject: Finding.Subject,
        at place: Destination
    ) -> KMSClient.KeyMetadata? {
        let name = "\(place) \(key)"
        switch answer {
        case .failure(let error) where error.serviceCode?.hasPrefix("NotFound") == true:
            let remedy = "create it in \(place.region), give it that alias there, or correct the policy"
            self.report(.error, subject, name, "does not exist in this account and Region", remedy: remedy)
            return nil
        case .failure(let error):
            self.failed(
                error,
                subject,
                name,
                needs: "kms:DescribeKey and kms:CreateGrant, in IAM and in the key's policy"
            )
            return nil
        case .success(let metadata):
            guard let problem = Self.problem(metadata, at: place) else { return metadata }
            self.report(.error, subject, name, problem.found, remedy: problem.remedy)
            return nil
        }
    }

    /// Why a key can't encrypt snapshots; `nil` when nothing says so.
    private static func problem(
        _ key: KMSClient.KeyMetadata,
        at place: Destination
    ) -> (found: String, remedy: String)? {
        switch key.keyState {
        case "Enabled", nil: break
        case "PendingDeletion", "PendingReplicaDeletion":
            return ("is going to be deleted, and can't be used", "cancel its deletion, or name another key")
        case "Disabled": return ("is disabled", "enable it, or name another key")
        case .some(let state): return ("is \(state)", "wait until it is Enabled, or name another key")
        }
        if let spec = key.keySpec, spec != "SYMMETRIC_DEFAULT" {
            return ("is no symmetric key but \(spec)", "RDS encrypts with symmetric keys alone: name another")
        }
        if let usage = key.keyUsage, usage != "ENCRYPT_DECRYPT" {
            return ("is for \(usage)", "name a key for ENCRYPT_DECRYPT")
        }
        if let region = Self.fields(key.arn)?.region, region != place.region {
            return ("is a key of \(region)", "name a key of \(place.region)")
        }
        return nil
    }

    static func fields(_ arn: String?) -> (region: String, account: String)? {
        let fields = arn?.split(separator: ":", omittingEmptySubsequences: false).map(String.init) ?? []
        return fields.count >= 6 ? (fields[3], fields[4]) : nil
    }

    /// Judges the keys of a destination.
    mutating func judgeKeys(_ target: PreflightFacts.Target, at place: Destination) {
        for (key, answer) in target.keys.sorted(by: { $0.key < $1.key }) {
            guard let metadata = self.judge(key: key, answer, .key, at: place) else { continue }
            let name = "\(place) \(key)"
            var remarks = 0
            if metadata.keyManager == "AWS" {
                remarks += 1
                let remedy = "name a key of your own, if copies are ever to be shared or restored elsewhere"
                let found = "is AWS's own: copies under it can never be shared with another account"
                self.report(.warning, .key, name, found, remedy: remedy)
            }
            if let owner = Self.fields(metadata.arn)?.account, owner != place.account {
                remarks += 1
                let remedy = "name a key of account \(place.account), so that losing the other account loses no copy"
                self.report(.warning, .key, name, "belongs to account \(owner)", remedy: remedy)
            }
            if self.judgeUse(of: metadata, name, key, target, at: place) { remarks += 1 }
            if remarks == 0 {
                let kind =
                    metadata.multiRegion == true
                    ? "a multi-Region key, which RDS takes for a key of this Region" : "a key"
                self.report(.ok, .key, name, "\(kind), enabled and symmetric")
            }
        }
    }

    /// A copy under another key than the copies before it is a full one.
    ///
    /// Source: RDS User Guide, "Copying a DB snapshot", incremental copies.
    private mutating func judgeUse(
        of key: KMSClient.KeyMetadata,
        _ name: String,
        _ spelled: String,
        _ target: PreflightFacts.Target,
        at place: Destination
    ) -> Bool {
        let routes = self.facts.policy.routes.filter { route in
            route.destinations.contains { $0.leads(to: place) && $0.kmsKey == spelled }
        }.map(\.name)
        let copies = target.snapshots[.instance].flatMap { try? $0.get() } ?? []
        let ours = copies.compactMap { CopyRecord($0, at: place) }.filter {
            routes.contains($0.route) && $0.snapshot.isEncrypted && $0.snapshot.phase == .available
        }
        guard !ours.isEmpty, let arn = key.arn, !ours.contains(where: { $0.snapshot.kmsKeyID == arn }) else {
            return false
        }
        let newest = Dictionary(grouping: ours, by: \.database).values.compactMap { group in
            group.max { ($0.snapshot.createdAt ?? .distantPast) < ($1.snapshot.createdAt ?? .distantPast) }
        }
        let size = newest.compactMap(\.snapshot.sizeGiB).reduce(0, +)
        self.report(
            .warning,
            .key,
            name,
            "not in use yet: the copies there are under \(Self.list(ours.compactMap(\.snapshot.kmsKeyID))). The next copy of "
                + "\(Self.count(newest.count, "database")) is a full one, \(size) GiB together",
            remedy: "nothing, if the key was changed on purpose; else name the key of before"
        )
        return true
    }
}
