// Waking those who wait for an answer, from the thread that makes it. Nothing here knows what is made.

import Foundation
import LorgnetteBindings

final class Bell: Listener, @unchecked Sendable {
    // The lock guards all of it.
    private let lock = NSLock()
    private var count = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// How often it has rung.
    var rung: Int { lock.withLock { count } }

    /// Rings.
    func ready() {
        let woken = lock.withLock {
            count += 1
            defer { waiting = [] }
            return waiting
        }
        woken.forEach { $0.resume() }
    }

    /// Waits until it has rung more often than so; where the caller is, without a detour over another thread.
    func wait(behind rung: Int, isolation: isolated (any Actor)?) async {
        await withCheckedContinuation(isolation: isolation) { continuation in
            let isLate = lock.withLock {
                if count == rung { waiting.append(continuation) }
                return count != rung
            }
            if isLate { continuation.resume() }
        }
    }
}
