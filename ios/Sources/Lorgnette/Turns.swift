// Turns: one at a time, in the order in which they were asked for. Nothing here knows what they are for.

import Foundation

final class Turns: @unchecked Sendable {
    // The lock guards all of it.
    private let lock = NSLock()
    private var isTaken = false
    private var line: [(number: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    private var last = 0

    /// Waits for a turn, which is to be given back. False if the task was cancelled before it had one.
    func take() async -> Bool {
        let number = lock.withLock {
            last += 1
            return last
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isMine: Bool? = lock.withLock {
                    // Whoever cancels behind this finds it in the line.
                    if Task.isCancelled { return false }
                    if !isTaken {
                        isTaken = true
                        return true
                    }
                    line.append((number, continuation))
                    return nil
                }
                if let isMine { continuation.resume(returning: isMine) }
            }
        } onCancel: {
            let left = lock.withLock {
                line.firstIndex { $0.number == number }.map { line.remove(at: $0).continuation }
            }
            left?.resume(returning: false)
        }
    }

    /// Gives it to the next in the line.
    func give() {
        let next = lock.withLock {
            isTaken = !line.isEmpty
            return line.isEmpty ? nil : line.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
