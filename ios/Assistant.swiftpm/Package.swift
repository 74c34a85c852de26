// swift-tools-version: 6.0
//
// The demo as an app that Xcode opens and runs as it is. It has an entry and nothing else: screens and logic are the
// package's target Assistant. Run ../build-xcframework first.

import AppleProductTypes
import PackageDescription

let package = Package(
    name: "Assistant",
    platforms: [.iOS("17.0")],
    products: [
        .iOSApplication(
            name: "Assistant", targets: ["App"], bundleIdentifier: "dev.lorgnette.assistant", displayVersion: "1.0",
            bundleVersion: "1", appIcon: .placeholder(icon: .bubbles), accentColor: .presetColor(.green),
            supportedDeviceFamilies: [.pad, .phone],
            supportedInterfaceOrientations: [.portrait, .landscapeLeft, .landscapeRight],
            additionalInfoPlistContentFilePath: "Info.plist")
    ],
    dependencies: [.package(name: "Lorgnette", path: "..")],
    targets: [
        .executableTarget(
            name: "App",
            dependencies: [
                .product(name: "Assistant", package: "Lorgnette"), .product(name: "Lorgnette", package: "Lorgnette"),
            ],
            path: "Sources")
    ]
)
