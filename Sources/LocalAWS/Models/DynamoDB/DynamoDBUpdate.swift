// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What an update does to an item.
struct DynamoDBUpdate: Hashable, Sendable {
    indirect enum Expression: Hashable, Sendable {
        case path(DynamoDBPath)
        case value(DynamoDBValue)
        case ifNotExists(DynamoDBPath, Expression)
        case listAppend(Expression, Expression)
        case sum(Expression, Expression)
        case difference(Expression, Expression)
    }

    /// `path = value`.
    struct Assignment: Hashable, Sendable {
        var path: DynamoDBPath
        var value: Expression
    }

    /// What to add to a number or a set, or to take from a set.
    struct Change: Hashable, Sendable {
        var path: DynamoDBPath
        var value: DynamoDBValue
    }

    private var assignments: [Assignment] = []
    private var additions: [Change] = []
    private var deletions: [Change] = []
    var removals: [DynamoDBPath] = []

    mutating func assign(_ path: DynamoDBPath, _ value: Expression) {
        self.assignments.append(Assignment(path: path, value: value))
    }

    mutating func add(_ value: DynamoDBValue, to path: DynamoDBPath) {
        self.additions.append(Change(path: path, value: value))
    }

    mutating func delete(_ value: DynamoDBValue, from path: DynamoDBPath) {
        self.deletions.append(Change(path: path, value: value))
    }

    /// Every place the update touches.
    var paths: [DynamoDBPath] {
        self.assignments.map(\.path) + self.removals + self.additions.map(\.path) + self.deletions.map(\.path)
    }

    // MARK: - Applying

    private static var badPath: ModelFailure {
        .dynamoDB("The document path provided in the update expression is invalid for update")
    }

    private static var badType: ModelFailure {
        .dynamoDB("An operand in the update expression has an incorrect data type")
    }

    /// Applies the update; every value is read from the item as it was.
    ///
    /// - Throws: ``ModelFailure`` with `ValidationException`; then the item is as it was.
    func apply(to item: inout DynamoDBItem) throws(ModelFailure) {
        let old = item
        var new = item
        for assignment in self.assignments {
            let value = try Self.evaluate(assignment.value, in: old)
            guard assignment.path.set(value, in: &new) else { throw Self.badPath }
        }
        for change in self.additions {
            let sum = try Self.sum(change.path.value(in: old), change.value)
            guard change.path.set(sum, in: &new) else { throw Self.badPath }
        }
        for change in self.deletions {
            guard let value = change.path.value(in: old) else { continue }
            guard change.path.set(try Self.subtract(change.value, from: value), in: &new) else { throw Self.badPath }
        }
        // From the end of a list to its beginning, so that the earlier places keep their numbers.
        for path in self.removals.sorted(by: { Self.lastIndex($0) > Self.lastIndex($1) }) {
            guard path.set(nil, in: &new) || path.steps.isEmpty else { throw Self.badPath }
        }
        item = new
    }

    private static func lastIndex(_ path: DynamoDBPath) -> Int {
        guard case .element(let index)? = path.steps.last else { return -1 }
        return index
    }

    private static func evaluate(
        _ expression: Expression,
        in item: DynamoDBItem
    ) throws(ModelFailure) -> DynamoDBValue {
        switch expression {
        case .value(let value): return value
        case .path(let path):
            guard let value = path.value(in: item) else {
                throw .dynamoDB("The provided expression refers to an attribute that does not exist in the item")
            }
            return value
        case .ifNotExists(let path, let other):
            if let value = path.value(in: item) { return value }
            return try self.evaluate(other, in: item)
        case .listAppend(let left, let right):
            guard case .list(let first) = try self.evaluate(left, in: item),
                case .list(let second) = try self.evaluate(right, in: item)
            else { throw self.badType }
            return .list(first + second)
        case .sum(let left, let right), .difference(let left, let right):
            guard case .number(let first) = try self.evaluate(left, in: item),
                case .number(let second) = try self.evaluate(right, in: item)
            else { throw self.badType }
            var isSum = false
            if case .sum = expression { isSum = true }
            guard let result = isSum ? first.adding(second) : first.subtracting(second) else { throw self.overflow }
            return .number(result)
        }
    }

    private static var overflow: ModelFailure {
        .dynamoDB("Number overflow. Attempting to store a number with magnitude larger than supported range")
    }

    private static func sum(_ old: DynamoDBValue?, _ added: DynamoDBValue) throws(ModelFailure) -> DynamoDBValue {
        switch (old, added) {
        case (nil, .number), (nil, .texts), (nil, .numbers), (nil, .binaries): return added
        case (.number(let left)?, .number(let right)):
            guard let sum = left.adding(right) else { throw self.overflow }
            return .number(sum)
        case (.texts(let left)?, .texts(let right)): return .texts(left.union(right))
        case (.numbers(let left)?, .numbers(let right)): return .numbers(left.union(right))
        case (.binaries(let left)?, .binaries(let right)): return .binaries(left.union(right))
        default: throw self.badType
        }
    }

    /// What is left of a set; `nil` when nothing is, for there are no empty sets.
    private static func subtract(
        _ taken: DynamoDBValue,
        from value: DynamoDBValue
    ) throws(ModelFailure) -> DynamoDBValue? {
        switch (value, taken) {
        case (.texts(let left), .texts(let right)):
            let rest = left.subtracting(right)
            return rest.isEmpty ? nil : .texts(rest)
        case (.numbers(let left), .numbers(let right)):
            let rest = left.subtracting(right)
            return rest.isEmpty ? nil : .numbers(rest)
        case (.binaries(let left), .binaries(let right)):
            let rest = left.subtracting(right)
            return rest.isEmpty ? nil : .binaries(rest)
        default: throw self.badType
        }
    }
}
