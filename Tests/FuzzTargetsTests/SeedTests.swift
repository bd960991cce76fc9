// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import FuzzTargets
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the fuzzer begins with, and what it once found, in every ordinary run of the tests.
@Suite struct SeedTests {
    private static let corpus = "\(#filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined())/Fuzz/Corpus"

    private static func seeds(of target: FuzzTarget) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(self.corpus)/\(target.rawValue)").sorted()
    }

    @Test(arguments: FuzzTarget.allCases) func whatIsPromisedHoldsForEverySeed(target: FuzzTarget) throws {
        let seeds = try Self.seeds(of: target)
        #expect(seeds.count >= 3)
        for seed in seeds {
            let data = try #require(FileManager.default.contents(atPath: "\(Self.corpus)/\(target.rawValue)/\(seed)"))
            #expect(throws: Never.self, "\(target.rawValue)/\(seed)") { try target.check(Array(data)) }
        }
    }

}
