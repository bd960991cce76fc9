// swift-tools-version: 6.2
import PackageDescription

// The product's flags. Its targets are here by links: what is measured is visible inside one package only, and the
// product's package must not know of benchmarks.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.7.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
        // Without its own counters, which replace the allocator and the runtime's reference counting.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
    ],
    targets: [
        .target(
            name: "CTransport",
            linkerSettings: [.linkedLibrary("curl"), .linkedLibrary("crypto"), .linkedLibrary("expat")]
        ),
        .target(name: "AWSClient", dependencies: ["CTransport", logging, metrics], swiftSettings: settings),
        .target(
            name: "SnapshotFleet",
            dependencies: ["AWSClient", logging, metrics, serviceLifecycle],
            swiftSettings: settings
        ),
        .target(name: "AllocationCounter"),
        // What is measured.
        .target(name: "Pieces", dependencies: ["AWSClient", "SnapshotFleet"], path: "Pieces", swiftSettings: settings),
        // Time and allocations.
        .executableTarget(
            name: "Micro",
            dependencies: ["AllocationCounter", "Pieces", .product(name: "Benchmark", package: "benchmark")],
            path: "Micro",
            swiftSettings: settings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
        // Nothing but the work, for callgrind and perf.
        .executableTarget(name: "Counting", dependencies: ["Pieces"], path: "Counting", swiftSettings: settings),
    ]
)
