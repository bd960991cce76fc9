// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A place within an item: `holders.#j`, `list[0]`.
struct DynamoDBPath: Hashable, Sendable, CustomStringConvertible {
    enum Step: Hashable, Sendable {
        case member(String)
        case element(Int)
    }

    /// The attribute that the path begins at.
    var root: String
    var steps: [Step] = []

    var description: String {
        let steps = self.steps.map { step in
            switch step {
            case .member(let name): ", \(name)"
            case .element(let index): ", [\(index)]"
            }
        }
        return "[\(self.root)\(steps.joined())]"
    }

    /// Whether one of the two lies within the other.
    func overlaps(_ other: DynamoDBPath) -> Bool {
        let count = min(self.steps.count, other.steps.count)
        return self.root == other.root && self.steps.prefix(count) == other.steps.prefix(count)
    }

    func value(in item: DynamoDBItem) -> DynamoDBValue? {
        var value = item[self.root]
        for step in self.steps {
            switch (step, value) {
            case (.member(let name), .map(let members)?): value = members[name]
            case (.element(let index), .list(let elements)?):
                value = elements.indices.contains(index) ? elements[index] : nil
            default: return nil
            }
        }
        return value
    }

    /// Puts a value at the path, or takes away what is there.
    ///
    /// - Returns: Whether the path leads anywhere; beyond the end of a list, a value is appended.
    func set(_ value: DynamoDBValue?, in item: inout DynamoDBItem) -> Bool {
        guard !self.steps.isEmpty else {
            item[self.root] = value
            return true
        }
        guard var parent = item[self.root] else { return false }
        guard Self.set(value, at: self.steps[...], in: &parent) else { return false }
        item[self.root] = parent
        return true
    }

    private static func set(_ value: DynamoDBValue?, at steps: ArraySlice<Step>, in parent: inout DynamoDBValue) -> Bool
    {
        let rest = steps.dropFirst()
        switch (steps.first, parent) {
        case (.member(let name)?, .map(var members)):
            if rest.isEmpty {
                members[name] = value
            } else {
                guard var child = members[name], self.set(value, at: rest, in: &child) else { return false }
                members[name] = child
            }
            parent = .map(members)
        case (.element(let index)?, .list(var elements)):
            if rest.isEmpty {
                if elements.indices.contains(index) {
                    if let value { elements[index] = value } else { elements.remove(at: index) }
                } else if let value {
                    elements.append(value)
                }
            } else {
                guard elements.indices.contains(index), self.set(value, at: rest, in: &elements[index]) else {
                    return false
                }
            }
            parent = .list(elements)
        default: return false
        }
        return true
    }
}
