// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Messages: only what calls itself a job is one, and what it says can be acted on; all else says why it is none.
enum EventPromises {
    private static let account = "444455556666"
    private static let sentAt = Instant(microseconds: 1_795_291_828_000_000)
    private static let decoder = SQSMessageDecoder(account: account)

    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let message = self.decoder.decode(bytes, sentAt: self.sentAt)
        if let text = String(validating: bytes, as: UTF8.self) {
            try require(self.decoder.decode(text, sentAt: self.sentAt) == message, "bytes and text read alike")
        }
        switch message {
        case .job(let job):
            try require(self.kind(of: bytes) == "job", "a job of \(message)")
            try self.check(job)
        case .sweep(let request):
            try require(request.regions.allSatisfy { RegionName.partition(of: $0) != nil }, "\(request)")
            try require(request.route?.isEmpty != true, "a route without a name")
            try require(request.horizon.map(SweepRequest.horizons.contains) != false, "\(request)")
            try require(request.limit.map(SweepRequest.limits.contains) != false, "\(request)")
        case .snapshot(let event): try self.check(event)
        case .ignored(_, let detail): try require(detail.isFit(400), "ignored: \(detail)")
        case .malformed(let reason): try require(!reason.isEmpty && reason.isFit(400), "malformed: \(reason)")
        }
    }

    private static func check(_ job: CopyJob) throws(BrokenPromise) {
        try require(job.source.account.isAccountID && job.destination.account.isAccountID, "\(job)")
        let partition = RegionName.partition(of: job.destination.region)
        try require(partition != nil && partition == RegionName.partition(of: job.source.region), "\(job)")
        try require(job.destination != Destination(account: job.source.account, region: job.source.region), "\(job)")
        try require(job.failedCopies >= 0 && job.route.isFit(200), "\(job)")
        let written = JobMessage.encode(job)
        guard case .job(let again) = self.decoder.decode(written, sentAt: self.sentAt) else {
            throw BrokenPromise("no job any more: \(written)")
        }
        // Times are written to the millisecond.
        try require(again.id == job.id && JobMessage.encode(again) == written, "read again: \(written)")
    }

    private static func check(_ event: SnapshotEvent) throws(BrokenPromise) {
        try require(RegionName.partition(of: event.arn.region) != nil && event.arn.account.isAccountID, "\(event)")
        try require(event.arn.description.isFit(450), "\(event)")
        try require(event.tags?[TagMerge.sourceKey] == nil, "a copy of ours: \(event)")
    }

    /// What a message of the fleet calls itself, as it is or inside a notification; `nil` for anything else.
    private static func kind(of bytes: [UInt8]) -> String? {
        guard let document = try? JSONValue(parsing: bytes) else { return nil }
        if let own = document["snapferry"] { return own.string }
        guard let inner = document["Message"]?.string else { return nil }
        return (try? JSONValue(parsing: inner))?["snapferry"]?.string
    }
}
