// swift-tools-version: 6.2
import PackageDescription

// Flags every Swift target shares.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "snapferry",
    products: [
        .executable(name: "snapferry", targets: ["snapferry"]),
        .executable(name: "fleet-simulator", targets: ["FleetSimulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.5.0"),
        // The default traits of these two bring all of Foundation, and with it 40 MB of ICU.
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.0.0", traits: []),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.20.0", traits: []),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.7.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
        // Tests only: real child processes.
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.0", traits: []),
    ],
    targets: [
        // The only target that sees <curl/curl.h>, <openssl/*.h> and <expat.h>.
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
        .target(name: "LocalAWS", dependencies: ["AWSClient"], swiftSettings: settings),
        // Apart, so that whole fleets are simulated without an HTTP server.
        .target(
            name: "LocalAWSServer",
            dependencies: [
                "AWSClient", "LocalAWS", logging, serviceLifecycle,
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ],
            swiftSettings: settings
        ),
        // What operators look at over HTTP: health, metrics, the page.
        .target(
            name: "Monitoring",
            dependencies: [
                "AWSClient", "SnapshotFleet", logging, metrics,
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ],
            swiftSettings: settings
        ),
        .target(name: "FleetSimulation", dependencies: ["LocalAWS", "SnapshotFleet"], swiftSettings: settings),
        // Not shipped: it needs nothing of the command line, so that an optimised build of it is quick.
        .executableTarget(
            name: "FleetSimulator",
            dependencies: ["AWSClient", "FleetSimulation"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "snapferry",
            dependencies: [
                "AWSClient", "FleetSimulation", "LocalAWS", "LocalAWSServer", "Monitoring", "SnapshotFleet",
                argumentParser, configuration, logging, metrics, serviceLifecycle,
            ],
            swiftSettings: settings,
            // Nothing loads code that would look for the program's own symbols; their names are 2 MB of what ships.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--no-export-dynamic"], .when(configuration: .release))]
        ),
        // An HTTP server that says what a test tells it to.
        .target(name: "Loopback", path: "Tests/Loopback", swiftSettings: settings),
        .testTarget(name: "AWSClientTests", dependencies: ["AWSClient", "Loopback"], swiftSettings: settings),
        .testTarget(
            name: "SnapshotFleetTests",
            dependencies: [
                "AWSClient", "SnapshotFleet",
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LocalAWSTests",
            dependencies: ["AWSClient", "LocalAWS", "LocalAWSServer"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "MonitoringTests",
            dependencies: ["AWSClient", "Monitoring", "SnapshotFleet", logging, metrics],
            swiftSettings: settings
        ),
        .testTarget(
            name: "FleetSimulationTests",
            dependencies: ["FleetSimulation", "LocalAWS", "SnapshotFleet"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SnapferryTests",
            dependencies: ["snapferry", "AWSClient", "LocalAWS", "LocalAWSServer", "Monitoring", "SnapshotFleet"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "AWSClient", "LocalAWS", "LocalAWSServer", "Loopback", "SnapshotFleet",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "FuzzTargets",
            dependencies: ["AWSClient", "SnapshotFleet"],
            path: "Tests/Fuzz/Targets",
            swiftSettings: settings
        ),
        .testTarget(name: "FuzzTargetsTests", dependencies: ["AWSClient", "FuzzTargets"], swiftSettings: settings),
    ]
)

// libFuzzer brings a main function of its own, so this is no part of the package unless scripts/fuzz builds it.
if Context.environment["SNAPFERRY_FUZZ"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "snapferry-fuzz",
            dependencies: ["FuzzTargets"],
            path: "Tests/Fuzz/Runner",
            swiftSettings: settings
        )
    )
}

// A part of it under the sanitizer: what calls C, and what shares state, without servers and the command line, whose
// packages take longest to build.
if Context.environment["SNAPFERRY_ASAN"] == "part" {
    let kept: Set = ["CTransport", "AWSClient", "SnapshotFleet", "Loopback", "AWSClientTests", "SnapshotFleetTests"]
    package.targets.removeAll { !kept.contains($0.name) }
    package.products = []
}
