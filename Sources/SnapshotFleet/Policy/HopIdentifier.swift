// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The name of a hop: the copy in the source's own account and Region that is made to be shared.
package enum HopIdentifier {
    private static let beginning = "snapferry-hop-"

    /// Whether a snapshot is named like a hop.
    ///
    /// An event of a hop may be received when the hop is long gone, and nothing but its name is left to go by.
    package static func isOne(_ identifier: String) -> Bool {
        identifier.contains(inAnyCase: "snapferry-hop-", onlyAtStart: true)
    }

    /// Names the hop of a job: `snapferry-hop-orders-2026-11-21-03-10-us-east-1-k3ab7fq2xd`.
    ///
    /// What the copy itself is called, cut to what the kind allows, and a short hash of the job, so that each destination
    /// has a hop of its own. No copy can have such a name: those that end in a hash have that of another text.
    package static func make(for job: CopyJob.ID) -> String {
        let hash = ShortHash.of(job.description.lowercased())
        let room = job.source.kind.identifierLimit - self.beginning.utf8.count - ShortHash.length - 1
        var body = TargetIdentifier.make(for: job.source).prefix(room)
        while body.hasSuffix("-") { body.removeLast() }
        return self.beginning + body + "-" + hash
    }
}
