// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension RDSClient {
    /// A group of options of an engine, such as transparent encryption.
    package struct OptionGroup: Hashable, Sendable {
        package var name: String
        /// `oracle-ee`, `sqlserver-se`, and so on; `nil` when RDS leaves it out.
        package var engine: String?
        package var majorVersion: String?
        /// The names of its options, as RDS orders them.
        package var options: [String]

        /// Makes a group.
        package init(name: String, engine: String? = nil, majorVersion: String? = nil, options: [String] = []) {
            self.name = name
            self.engine = engine
            self.majorVersion = majorVersion
            self.options = options
        }
    }

    /// Lists every page of the account's option groups in this Region; default ones are there once something uses them.
    package func allOptionGroups(cap: Int = 1000) async throws(AWSError) -> [OptionGroup] {
        try await Self.allPages(cap: cap) { (marker) throws(AWSError) in
            var form = Self.form("DescribeOptionGroups")
            form.add("MaxRecords", 100)
            form.add("Marker", marker)
            return try await self.call(form) { result in
                let page = result.page("OptionGroupsList", of: "OptionGroup") { group -> OptionGroup? in
                    group.string("OptionGroupName").map {
                        OptionGroup(
                            name: $0,
                            engine: group.string("EngineName"),
                            majorVersion: group.string("MajorEngineVersion"),
                            options: group.list("Options", of: "Option").compactMap { $0.string("OptionName") }
                        )
                    }
                }
                return Page(elements: page.elements.compactMap(\.self), marker: page.marker)
            }
        }
    }
}
