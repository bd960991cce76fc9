// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What the members of a policy have to be that concern more than one account.
extension PolicyRules {
    mutating func checkAccess(_ source: SourceSelection, at path: String) {
        if let role = source.role {
            if source.accounts.count > 1 {
                self.report(
                    "\(path).role",
                    "one role for \(source.accounts.count) accounts",
                    "make a route for each account, with a role of its own"
                )
            } else {
                let region = source.regions.first ?? ""
                self.check(role: role, in: source.accounts.first, region, what: "source", at: "\(path).role")
            }
        } else if source.externalID != nil {
            self.report(
                "\(path).externalId",
                "an external id without a role",
                "add the role that asks for it, or remove it"
            )
        }
        if let key = source.hopKey { self.check(hopKey: key, of: source, at: "\(path).hopKey") }
    }

    private mutating func check(hopKey key: String, of source: SourceSelection, at path: String) {
        if key == "alias/aws/rds" || key.hasSuffix(":alias/aws/rds") {
            let remedy = "name a key of your own, whose policy lets the destination's account use it"
            return self.report(path, "snapshots under the default key can't be shared", remedy)
        }
        if source.regions.count > 1, !key.hasPrefix("alias/"), !key.hasPrefix("mrk-") {
            let problem = "one key for \(source.regions.count) Regions"
            let remedy = "write alias/name and give a key of each Region that alias, or make a route for each Region"
            return self.report(path, problem, remedy)
        }
        self.check(key: key, in: source.regions.first ?? "", of: "source", at: path)
    }

    /// RDS brings option groups into other accounts only.
    mutating func checkOptionGroup(_ rule: DestinationRule, of route: Route, at path: String) {
        let isOwnAccount =
            route.source.accounts.isEmpty
            ? rule.account == nil : route.source.accounts.allSatisfy { $0 == rule.account }
        guard rule.copyOptionGroup, isOwnAccount else { return }
        self.report(
            "\(path).copyOptionGroup",
            "RDS brings option groups into other accounts only",
            "remove it, and name the destination's option groups in optionGroups"
        )
    }
}
