// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// How long a route's copies are kept: a copy stays as long as any of the rules wants it.
///
/// What may be deleted at all is for ``RetentionPlan`` to say; these rules only name what must stay. Ages count from when
/// the data was taken, not from when it was copied, and days, weeks, months and years are UTC's.
package struct RetentionRule: Hashable, Sendable {
    /// The newest so many copies of each database; 0 for none on that account.
    package var keepNewest: Int
    /// Copies of data younger than this; `nil` for none on that account.
    package var keepFor: Duration?
    /// The last copy of each of the newest so many days that have one.
    package var daily: Int
    /// The same for ISO weeks, which begin on Mondays.
    package var weekly: Int
    package var monthly: Int
    package var yearly: Int
    /// Available copies of a database that stay whatever the other rules say; 1 or more.
    package var minimum: Int
    /// How many copies one run deletes at a destination at the most; 1 or more.
    package var maxDeletesPerRun: Int
    /// Whether workers prune by themselves once copies of the route are confirmed; without it only people do.
    package var afterConfirm: Bool
    /// Whether workers prune by themselves when the destination has no room for another manual snapshot.
    package var whenQuotaIsFull: Bool

    package init(
        keepNewest: Int = 0,
        keepFor: Duration? = nil,
        daily: Int = 0,
        weekly: Int = 0,
        monthly: Int = 0,
        yearly: Int = 0,
        minimum: Int = 1,
        maxDeletesPerRun: Int = 20,
        afterConfirm: Bool = false,
        whenQuotaIsFull: Bool = false
    ) {
        self.keepNewest = keepNewest
        self.keepFor = keepFor
        self.daily = daily
        self.weekly = weekly
        self.monthly = monthly
        self.yearly = yearly
        self.minimum = minimum
        self.maxDeletesPerRun = maxDeletesPerRun
        self.afterConfirm = afterConfirm
        self.whenQuotaIsFull = whenQuotaIsFull
    }

    /// What it keeps, as the policy writes it: `keepNewest 7, keepFor 35d, minimum 2`.
    package var summary: String {
        let counts: [(String, Int)] = [
            ("daily", self.daily), ("weekly", self.weekly), ("monthly", self.monthly), ("yearly", self.yearly),
        ]
        var parts: [String] = []
        if self.keepNewest > 0 { parts.append("keepNewest \(self.keepNewest)") }
        if let keepFor = self.keepFor { parts.append("keepFor \(keepFor.policyText)") }
        parts += counts.filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }
        return (parts + ["minimum \(self.minimum)"]).joined(separator: ", ")
    }

    /// No duration of a policy is longer: a hundred years.
    static let longest = Duration.seconds(100 * 366 * 86_400)

    /// Whether any rule but the minimum keeps anything: one that keeps nothing was hardly meant.
    var namesSomething: Bool {
        self.keepFor != nil
            || [self.keepNewest, self.daily, self.weekly, self.monthly, self.yearly].contains { $0 > 0 }
    }
}
