// The device, and what an app can know about it without a model.

import Foundation
import LorgnetteBindings

/// A device that models share.
///
/// ```swift
/// let runtime = try await Runtime.open()
/// ```
public final class Runtime: Sendable {
    let inner: LorgnetteBindings.Runtime

    private init(_ inner: LorgnetteBindings.Runtime) { self.inner = inner }

    /// Opens a device: the best there is, if the options do not say otherwise.
    public static func open(_ options: RuntimeOptions = RuntimeOptions()) async throws -> Runtime {
        try await onThread("lorgnette-open") { Runtime(try .init(options: options)) }
    }

    /// What it runs on.
    public var adapter: AdapterFacts { inner.adapter() }

    /// The name of its profile.
    public var profile: String { inner.profile() }

    /// Everything counted so far; all zero without a GPU.
    public var counters: Counters { inner.counters() }

    /// Keeps the GPU free, as an app must in the background: ``Lifecycle`` does it. When this returns nothing of it is on the
    /// GPU; at most two submits end first. Answers and loads wait where they are.
    public func pause() { inner.pause() }

    /// Ends a pause: what waited goes on where it was.
    public func resume() { inner.resume() }

    /// Whether it is paused.
    public var isPaused: Bool { inner.isPaused() }

    /// Says how hot the device is, for ``Pace/thermal``. ``Lifecycle`` does it.
    public func setThermal(_ state: Thermal) { inner.setThermal(state: state) }

    /// Loses the device as a driver's reset would, for tests: answers go on with another one.
    public func loseDevice() { inner.loseDevice() }

    /// Tries every kernel on this device, as far as it was not tried, and says what was found: for a bug report.
    public func doctor() async throws -> Doctor {
        try await onThread("lorgnette-doctor") { [inner] in try inner.doctor() }
    }

    /// Forgets what was found out about this device: the next load tries everything again.
    public func forgetVerdict() { inner.forgetVerdict() }

    /// The adapters of this machine, the best first.
    public static var adapters: [AdapterFacts] { LorgnetteBindings.adapters() }

    /// The names that ``RuntimeOptions`` takes as a profile.
    public static var profiles: [String] { LorgnetteBindings.profiles() }

    /// The version of the library.
    public static var version: String { LorgnetteBindings.version() }
}

/// What would be planned for a model on a device of that profile, from the header of its file alone, without a GPU. A plan
/// that does not fit is no error, but is said in the figures.
public func inspect(
    _ file: URL, options: LoadOptions = .standard, profile: String? = nil
) throws(LorgnetteError) -> PlanFigures {
    try LorgnetteError.catching {
        try LorgnetteBindings.inspect(source: .path(path: file.path), options: options, profileName: profile)
    }
}
