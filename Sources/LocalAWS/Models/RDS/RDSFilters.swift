// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The filters of a request.
///
/// All of them have to fit, each by any of its values; case counts.
struct RDSFilters {
    private(set) var values: [String: Set<String>] = [:]

    /// Reads `[{"Name": …, "Values": […]}]`.
    ///
    /// - Throws: `InvalidParameterValue` for a name that the operation does not know, and for a filter without values.
    init(_ filters: JSONValue?, allowed: Set<String>) throws(ModelFailure) {
        for filter in filters?.lenientArray ?? [] {
            let name = filter["Name"]?.string ?? ""
            guard allowed.contains(name) else { throw .invalidValue("Unrecognized filter name: \(name)") }
            let values = filter["Values"]?.lenientArray.compactMap { $0.string } ?? []
            guard !values.isEmpty else { throw .invalidValue("The filter \(name) must have at least one value.") }
            if let before = self.values[name] {
                self.values[name] = before.intersection(values)
            } else {
                self.values[name] = Set(values)
            }
        }
    }

    /// Whether there is no filter of a name, or one that lists any of the candidates.
    func allows(_ name: String, _ candidates: [String]) -> Bool {
        guard let values = self.values[name] else { return true }
        return candidates.contains { values.contains($0) }
    }
}
