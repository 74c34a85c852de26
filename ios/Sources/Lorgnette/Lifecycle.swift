// What an iOS app has to do for a runtime, done: in the background, when memory runs short, when the device gets hot.

#if canImport(UIKit)
    import Foundation
    import UIKit

    /// Follows the app's life. iOS ends apps that use the GPU in the background, and those that keep too much memory; as
    /// long as this object is kept, the runtime is paused in the background, its models give memory back when the system
    /// warns, and answers of ``Pace/thermal`` are as slow as the device is hot.
    @MainActor
    public final class Lifecycle {
        private let observers: Observers

        /// - Parameter models: The models that are loaded; asked for when memory runs short.
        public init(
            of runtime: Runtime, center: NotificationCenter = .default, models: @escaping @MainActor () -> [Model]
        ) {
            observers = Observers(center)
            // UIKit posts these on the main thread, and the app may be suspended as soon as they return.
            observers.on(UIApplication.didEnterBackgroundNotification) {
                runtime.pause()
                MainActor.assumeIsolated { for model in models() { model.trim(.sessions) } }
            }
            observers.on(UIApplication.willEnterForegroundNotification) { runtime.resume() }
            observers.on(UIApplication.didReceiveMemoryWarningNotification) {
                MainActor.assumeIsolated { for model in models() { model.trim(.weights) } }
            }
            #if canImport(Darwin)
                runtime.setThermal(Thermal(ProcessInfo.processInfo.thermalState))
                observers.on(ProcessInfo.thermalStateDidChangeNotification) {
                    runtime.setThermal(Thermal(ProcessInfo.processInfo.thermalState))
                }
            #endif
        }
    }

    /// Observers that end with the object.
    private final class Observers: @unchecked Sendable {
        // Changed only while it is made; removing is safe from any thread.
        private let center: NotificationCenter
        private var observers: [any NSObjectProtocol] = []

        init(_ center: NotificationCenter) { self.center = center }

        func on(_ name: Notification.Name, _ call: @escaping @Sendable () -> Void) {
            observers.append(center.addObserver(forName: name, object: nil, queue: nil) { _ in call() })
        }

        deinit { observers.forEach(center.removeObserver) }
    }

    #if canImport(Darwin)
        extension Thermal {
            /// The same in the system's words.
            public init(_ state: ProcessInfo.ThermalState) {
                self =
                    switch state {
                    case .nominal: .nominal
                    case .fair: .fair
                    case .serious: .serious
                    case .critical: .critical
                    @unknown default: .serious
                    }
            }
        }
    #endif
#endif
