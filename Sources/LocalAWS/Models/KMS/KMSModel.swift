// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The keys of all accounts and Regions.
///
/// A value that changes only by what it is asked. The key behind `alias/aws/rds` is there in every account and Region
/// without being made: its identifier follows from the two, so that RDS can name it without changing this model.
package struct KMSModel: Sendable {
    struct Place: Hashable, Sendable {
        var account: String
        var region: String
    }

    struct Grant: Sendable {
        var id: String
        var request: JSONValue
        var created: Instant
    }

    static let rdsAlias = "alias/aws/rds"

    /// By identifier.
    var keys: [Place: [String: Key]] = [:]
    /// Key identifiers by alias.
    var aliases: [Place: [String: String]] = [:]
    /// By the key's ARN, oldest first.
    var grants: [String: [Grant]] = [:]
    private var made = 0

    package init() {}

    /// Finds a key as an account in a Region names it.
    ///
    /// - Parameters:
    ///   - name: A key identifier, `alias/…`, or the ARN of either. ARNs may name another account's key.
    ///   - account: The account that asks.
    ///   - region: The Region that is asked.
    /// - Returns: `nil` for a key that does not exist, and for an ARN of another Region. Whether the account may use
    ///   the key is the caller's question: ``Key/allowsUse(by:)``.
    package func key(_ name: String, account: String, region: String) -> Key? {
        guard name.hasPrefix("arn:") else { return self.localKey(name, in: Place(account: account, region: region)) }
        guard let (place, local) = Self.parse(name), place.region == region else { return nil }
        return self.localKey(local, in: place)
    }

    /// The key that RDS uses for an account in a Region when no other is named.
    package func defaultRDSKey(account: String, region: String) -> Key {
        let digest = Digest.hex(Digest.sha256(Array("\(Self.rdsAlias) \(account) \(region)".utf8)))
        return Key(
            id: Self.uuid(digest),
            account: account,
            region: region,
            isManagedByAWS: true,
            primaryRegion: nil,
            state: .enabled,
            summary: "Default key that protects my RDS database volumes when no other key is defined",
            policy: KMSPolicy.ownerOnly(account: account, region: region),
            created: Instant(milliseconds: 1_577_836_800_000)
        )
    }

    /// All keys of a place, in the order of their identifiers.
    func allKeys(in place: Place) -> [Key] {
        let own = self.keys[place, default: [:]].values
        return (own + [self.defaultRDSKey(account: place.account, region: place.region)]).sorted { $0.id < $1.id }
    }

    private func localKey(_ name: String, in place: Place) -> Key? {
        let standard = self.defaultRDSKey(account: place.account, region: place.region)
        if name == Self.rdsAlias || name == standard.id { return standard }
        let id = name.hasPrefix("alias/") ? self.aliases[place]?[name] : name
        return id.flatMap { self.keys[place]?[$0] }
    }

    /// Splits `arn:aws:kms:eu-west-1:111122223333:key/…` into the place and `…`, or `alias/…`.
    static func parse(_ arn: String) -> (place: Place, name: String)? {
        let fields = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map { String($0) }
        guard fields.count == 6, fields[2] == "kms", !fields[3].isEmpty, RDSIdentifier.isAccount(fields[4]) else {
            return nil
        }
        let place = Place(account: fields[4], region: fields[3])
        if fields[5].hasPrefix("key/") { return (place, String(fields[5].dropFirst(4))) }
        return fields[5].hasPrefix("alias/") ? (place, fields[5]) : nil
    }

    /// An identifier that no other call gets: 64 hexadecimal digits.
    mutating func nextDigest(_ purpose: String) -> String {
        self.made += 1
        return Digest.hex(Digest.sha256(Array("\(purpose) \(self.made)".utf8)))
    }

    /// Puts 32 of at least as many hexadecimal digits into the shape of a random UUID.
    static func uuid(_ hex: String) -> String {
        let digits = Array(hex.utf8)
        var text: [UInt8] = []
        for (place, digit) in digits.prefix(32).enumerated() {
            if [8, 12, 16, 20].contains(place) { text.append(UInt8(ascii: "-")) }
            text.append(place == 12 ? UInt8(ascii: "4") : place == 16 ? UInt8(ascii: "a") : digit)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
