// How many bytes a model should take on this device. The arithmetic is plain; only where the number comes from is the
// system's.

import LorgnetteBindings

extension Budget {
    /// A budget for an app that may still allocate so many bytes: half of them. The rest is the app's own, what the system
    /// counts for the GPU beside our buffers, and what keeps the app alive in the background.
    public static func suggested(available: UInt64) -> Budget { Budget(bytes: available / 2) }
}

#if os(iOS) || os(tvOS) || os(visionOS)
    import os

    extension Budget {
        /// A budget from what the system lets this app allocate now.
        public static var suggested: Budget { suggested(available: UInt64(os_proc_available_memory())) }
    }
#endif
