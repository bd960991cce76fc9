// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A condition on an item, or a filter.
indirect enum DynamoDBCondition: Hashable, Sendable {
    enum Operand: Hashable, Sendable {
        case path(DynamoDBPath)
        case value(DynamoDBValue)
        case size(DynamoDBPath)

        func value(in item: DynamoDBItem) -> DynamoDBValue? {
            switch self {
            case .path(let path): path.value(in: item)
            case .value(let value): value
            case .size(let path): path.value(in: item)?.length.map { .number(DynamoDBNumber($0)) }
            }
        }
    }

    case compare(Operand, String, Operand)
    case between(Operand, Operand, Operand)
    case isIn(Operand, [Operand])
    case exists(DynamoDBPath)
    case missing(DynamoDBPath)
    case hasType(DynamoDBPath, Operand)
    case beginsWith(DynamoDBPath, Operand)
    case contains(DynamoDBPath, Operand)
    case and(DynamoDBCondition, DynamoDBCondition)
    case or(DynamoDBCondition, DynamoDBCondition)
    case not(DynamoDBCondition)

    func holds(for item: DynamoDBItem) -> Bool {
        switch self {
        case .compare(let left, let comparator, let right):
            return Self.compare(left.value(in: item), comparator, right.value(in: item))
        case .between(let operand, let low, let high):
            let value = operand.value(in: item)
            return Self.compare(value, ">=", low.value(in: item)) && Self.compare(value, "<=", high.value(in: item))
        case .isIn(let operand, let list):
            guard let value = operand.value(in: item) else { return false }
            return list.contains { $0.value(in: item) == value }
        case .exists(let path): return path.value(in: item) != nil
        case .missing(let path): return path.value(in: item) == nil
        case .hasType(let path, let type):
            guard let value = path.value(in: item) else { return false }
            return type.value(in: item) == .text(value.type)
        case .beginsWith(let path, let prefix):
            guard let value = path.value(in: item), let prefix = prefix.value(in: item) else { return false }
            return value.begins(with: prefix)
        case .contains(let path, let part):
            guard let value = path.value(in: item), let part = part.value(in: item) else { return false }
            return value.contains(part)
        case .and(let left, let right): return left.holds(for: item) && right.holds(for: item)
        case .or(let left, let right): return left.holds(for: item) || right.holds(for: item)
        case .not(let condition): return !condition.holds(for: item)
        }
    }

    private static func compare(_ left: DynamoDBValue?, _ comparator: String, _ right: DynamoDBValue?) -> Bool {
        guard let left, let right else {
            // What is not there is different from anything, and in no other relation to it.
            return comparator == "<>"
        }
        switch comparator {
        case "=": return left == right
        case "<>": return left != right
        case "<": return left.precedes(right) ?? false
        case ">": return right.precedes(left) ?? false
        case "<=": return right.precedes(left).map { !$0 } ?? false
        default: return left.precedes(right).map { !$0 } ?? false
        }
    }
}
