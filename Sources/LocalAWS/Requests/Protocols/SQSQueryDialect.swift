// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What is peculiar about the old query protocol of SQS, beside its JSON protocol.
///
/// Its lists stand without a wrapper under the name of one element (`Attribute.1.Name`), and its maps are lists of pairs.
/// Source: the service model of 2012-11-05 as botocore shipped it before the JSON protocol.
package enum SQSQueryDialect {
    /// Translates a form's document into the parameters of the JSON protocol.
    ///
    /// - Parameters:
    ///   - operation: The operation.
    ///   - form: What ``FormCodec`` made of the form.
    ///   - queueURL: Where the form was posted to, when that is a queue; a `QueueUrl` in the form goes first.
    /// - Returns: The operation's parameters.
    package static func parameters(of operation: String, form: JSONValue, queueURL: String?) -> JSONValue {
        guard case .object(var members) = self.renamed(form) else { return form }
        if members["QueueUrl"] == nil, let queueURL { members["QueueUrl"] = .string(queueURL) }
        return .object(members)
    }

    private static let lists = [
        "AttributeName": "AttributeNames", "MessageAttributeName": "MessageAttributeNames",
        "MessageSystemAttributeName": "MessageSystemAttributeNames", "TagKey": "TagKeys",
        "AWSAccountId": "AWSAccountIds", "ActionName": "Actions",
    ]

    private static func renamed(_ form: JSONValue) -> JSONValue {
        guard case .object(let members) = form else { return form }
        var output: [String: JSONValue] = [:]
        for (name, value) in members {
            switch name {
            case "Attribute": output["Attributes"] = self.map(of: value, key: "Name")
            case "Tag": output["Tags"] = self.map(of: value, key: "Key")
            case "MessageAttribute": output["MessageAttributes"] = self.map(of: value, key: "Name")
            case "MessageSystemAttribute": output["MessageSystemAttributes"] = self.map(of: value, key: "Name")
            case "SendMessageBatchRequestEntry", "DeleteMessageBatchRequestEntry",
                "ChangeMessageVisibilityBatchRequestEntry":
                output["Entries"] = .array(value.lenientArray.map(self.renamed))
            default:
                if let list = self.lists[name] {
                    output[list] = .array(value.array ?? [value])
                } else {
                    output[name] = value
                }
            }
        }
        return .object(output)
    }

    private static func map(of list: JSONValue, key: String) -> JSONValue {
        // A map of one may come without numbers: `Attribute.Name=…&Attribute.Value=…`.
        let pairs = list.array ?? [list]
        var members: [String: JSONValue] = [:]
        for pair in pairs {
            if let name = pair[key]?.string { members[name] = pair["Value"] ?? "" }
        }
        return .object(members)
    }
}

// MARK: - Answers

extension SQSQueryDialect {
    /// Translates a result of the JSON protocol into what stands in the old answer: names and, for lists, one element
    /// after the other.
    static func elements(of result: JSONValue, operation: String) -> [XMLElement] {
        guard case .object(let members) = result else { return [] }
        return members.sorted { $0.key < $1.key }.flatMap { self.elements(named: $0.key, $0.value, operation) }
    }

    private static func elements(named name: String, _ value: JSONValue, _ operation: String) -> [XMLElement] {
        switch name {
        case "Messages": self.list("Message", value, operation)
        // `SendMessageBatchResultEntry`, and so on for each of the three batches.
        case "Successful": self.list(operation + "ResultEntry", value, operation)
        case "Failed": self.list("BatchResultErrorEntry", value, operation)
        case "QueueUrls", "queueUrls": self.list("QueueUrl", value, operation)
        case "Results": self.list("ListMessageMoveTasksResultEntry", value, operation)
        case "Attributes": self.pairs("Attribute", key: "Name", value)
        case "MessageAttributes": self.pairs("MessageAttribute", key: "Name", value)
        case "Tags": self.pairs("Tag", key: "Key", value)
        default: [XMLElement(name, value, lists: .members)]
        }
    }

    private static func list(_ name: String, _ value: JSONValue, _ operation: String) -> [XMLElement] {
        value.lenientArray.map { element in
            if case .object = element {
                return XMLElement(name, children: self.elements(of: element, operation: operation))
            }
            return XMLElement(name, element, lists: .members)
        }
    }

    private static func pairs(_ name: String, key: String, _ value: JSONValue) -> [XMLElement] {
        (value.object ?? [:]).sorted { $0.key < $1.key }.map { pair in
            XMLElement(
                name,
                children: [
                    XMLElement(key, .string(pair.key), lists: .members),
                    XMLElement("Value", pair.value, lists: .members),
                ]
            )
        }
    }
}
