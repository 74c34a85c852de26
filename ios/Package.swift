// swift-tools-version: 6.0
//
// The Swift package Lorgnette: our shell over the code that uniffi makes of the Rust library.
//
// Generated/ is made by `generate`, which the tests and `build-xcframework` call, and is not committed. Without
// LORGNETTE_LIBRARY in the environment the Rust library is the XCFramework beside it, as in a release; with it, it is
// the one in that folder, which the tests build.

import PackageDescription

let local = Context.environment["LORGNETTE_LIBRARY"]

let native: Target =
    local == nil
    ? .binaryTarget(name: "LorgnetteFFI", path: "LorgnetteFFI.xcframework")
    : .systemLibrary(name: "LorgnetteFFI", path: "Generated/LorgnetteFFI")

let linked: [LinkerSetting] = local.map { folder in
    // libswiftObservation.so of Swift 6.0 on Linux lacks a symbol that nothing calls.
    let search = ["-L", folder, "-Xlinker", "-rpath", "-Xlinker", folder, "-Xlinker", "--allow-shlib-undefined"]
    return [.linkedLibrary("lorgnette_bindings"), .unsafeFlags(search)]
} ?? ["Metal", "QuartzCore", "CoreGraphics", "Foundation"].map { .linkedFramework($0) }

// The example of the README, which the tests compile, what `bench` runs, and a stand-in for what Linux lacks.
let others: [Target] =
    local == nil
    ? []
    : [
        .executableTarget(name: "Readme", dependencies: ["Lorgnette"], path: "Generated/Readme"),
        .executableTarget(name: "Bench", dependencies: ["Lorgnette"], path: "Bench"),
        .target(name: "UIKit", path: "Tests/UIKit"),
    ]

let package = Package(
    name: "Lorgnette",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [
        .library(name: "Lorgnette", targets: ["Lorgnette"]),
        .library(name: "Assistant", targets: ["Assistant"]),
    ],
    targets: [
        native,
        .target(
            name: "LorgnetteBindings", dependencies: ["LorgnetteFFI"], path: "Generated/LorgnetteBindings",
            linkerSettings: linked),
        .target(
            name: "Lorgnette", dependencies: local == nil ? ["LorgnetteBindings"] : ["LorgnetteBindings", "UIKit"]),
        .target(name: "Assistant", dependencies: ["Lorgnette"], path: "Assistant"),
        .testTarget(name: "LorgnetteTests", dependencies: ["Lorgnette"]),
        .testTarget(name: "AssistantTests", dependencies: ["Assistant"]),
    ] + others,
    swiftLanguageModes: [.v6]
)
