// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// RDS: snapshots of DB instances and DB clusters, and what is around them.
///
/// Source: botocore, `rds/2014-10-31`, query protocol.
package struct RDSClient: Sendable {
    static let version = "2014-10-31"

    let caller: ServiceCaller

    /// Makes a client that calls through `caller`.
    package init(_ caller: ServiceCaller) { self.caller = caller }

    /// A tag; keys are unique on a resource.
    package struct Tag: Hashable, Sendable {
        package var key: String
        package var value: String

        /// Makes a tag.
        package init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// A condition that a Describe call's results meet: the field is one of the values.
    package struct Filter: Hashable, Sendable {
        /// `db-snapshot-id`, `db-cluster-id`, `engine`, and so on.
        package var name: String
        package var values: [String]

        /// Makes a filter.
        package init(name: String, values: [String]) {
            self.name = name
            self.values = values
        }
    }

    /// One page of a long list.
    package struct Page<Element: Sendable>: Sendable {
        package var elements: [Element]
        /// What to ask the next page with; `nil` at the end.
        package var marker: String?

        /// Makes a page.
        package init(elements: [Element], marker: String? = nil) {
            self.elements = elements
            self.marker = marker
        }
    }

    /// Asks for one page after another until the end.
    ///
    /// - Parameters:
    ///   - cap: How many pages are asked for at most, so that an endless list can't hold a caller for ever.
    ///   - page: Asks for the page behind a marker; `nil` is the first.
    /// - Returns: All elements.
    /// - Throws: What `page` throws, and ``AWSError`` with code `malformedAnswer` when the list is longer than the cap
    ///   or its marker stands still.
    package static func allPages<Element: Sendable>(
        cap: Int = 1000,
        _ page: (_ marker: String?) async throws(AWSError) -> Page<Element>
    ) async throws(AWSError) -> [Element] {
        var elements: [Element] = []
        var marker: String?
        for _ in 0..<cap {
            let next = try await page(marker)
            elements += next.elements
            guard let nextMarker = next.marker else { return elements }
            guard nextMarker != marker else {
                throw AWSError(.malformedAnswer, message: "the list's marker does not move on")
            }
            marker = nextMarker
        }
        throw AWSError(.malformedAnswer, message: "the list is longer than \(cap) pages")
    }

    func call<Output: Sendable>(
        _ form: QueryForm,
        whileAllowed isAllowed: (@Sendable () -> Bool)? = nil,
        decode: (XMLNode) throws(AWSError) -> Output
    ) async throws(AWSError) -> Output {
        try await self.caller.query(form, operation: form.action, whileAllowed: isAllowed, decode: decode)
    }

    static func form(_ action: String) -> QueryForm { QueryForm(action: action, version: Self.version) }
}

extension QueryForm {
    mutating func add(_ tags: [RDSClient.Tag]) {
        self.addList("Tags", member: "Tag", tags) { form, tag, prefix in
            form.add("\(prefix)Key", tag.key)
            form.add("\(prefix)Value", tag.value)
        }
    }

    mutating func add(_ filters: [RDSClient.Filter]) {
        self.addList("Filters", member: "Filter", filters) { form, filter, prefix in
            form.add("\(prefix)Name", filter.name)
            form.addList("\(prefix)Values", member: "Value", filter.values)
        }
    }
}

extension XMLNode {
    /// The tags in `<TagList>`.
    var tagList: [RDSClient.Tag] {
        self.list("TagList", of: "Tag").compactMap { tag in
            tag.string("Key").map { RDSClient.Tag(key: $0, value: tag.string("Value") ?? "") }
        }
    }

    /// A page of the members of `list`, each read by `decode`.
    func page<Element: Sendable>(
        _ list: String,
        of member: String,
        _ decode: (XMLNode) -> Element
    ) -> RDSClient.Page<Element> {
        let marker = self.string("Marker")
        return RDSClient.Page(
            elements: self.list(list, of: member).map(decode),
            marker: marker?.isEmpty == true ? nil : marker
        )
    }
}
