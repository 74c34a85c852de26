// An answer that is being made: asked for in the session's turn, pulled, stopped, let go. The loop that makes it is in
// Rust.

import Foundation
import LorgnetteBindings

/// One iteration over an ``Answer``. What may wait for the GPU runs on the session's queue, never on a thread of
/// Swift's.
final class Making: @unchecked Sendable {
    private let session: Session
    private let prompt: Prompt
    private let options: AnswerOptions
    // The lock guards what follows.
    private let lock = NSLock()
    private var answer: LorgnetteBindings.Answer?
    private var hasTurn = false
    private var isStopped = false

    init(_ answer: Answer) {
        (session, prompt, options) = (answer.session, answer.prompt, answer.options)
    }

    /// What comes next; nil behind the end, and when the task is cancelled. The session is free behind nil.
    func next() async throws -> Batch? {
        try await withTaskCancellationHandler {
            guard await takeTurn() else { return nil }
            return try await onQueue(session.queue) { try self.pull() }
        } onCancel: {
            stop()
        }
    }

    private func takeTurn() async -> Bool {
        if lock.withLock({ hasTurn }) { return true }
        guard await session.turns.take() else { return false }
        lock.withLock { hasTurn = true }
        return true
    }

    private func stop() {
        lock.withLock {
            isStopped = true
            answer?.cancel()
        }
    }

    private func pull() throws -> Batch? {
        do {
            if let batch = try begun()?.next(), !lock.withLock({ isStopped }) {
                if batch.done != nil { end() }
                return batch
            }
            end()
            return nil
        } catch {
            end()
            throw error
        }
    }

    /// The answer, unless it is to end.
    private func begun() throws -> LorgnetteBindings.Answer? {
        let (found, isStopped) = lock.withLock { (answer, self.isStopped) }
        if isStopped || found != nil { return isStopped ? nil : found }
        // No more than a submit ahead: while the loop's body is at work, Swift does not tell of a cancel.
        let begun = try session.inner.answer(prompt: prompt, options: options, ahead: 0)
        return lock.withLock {
            answer = begun
            return self.isStopped ? nil : begun
        }
    }

    private func end() {
        let had = lock.withLock {
            defer { (answer, hasTurn, isStopped) = (nil, false, true) }
            return hasTurn ? (answer, session) : nil
        }
        if let (answer, session) = had { Self.end(answer, of: session) }
    }

    /// Gives the turn back when the session is free.
    private static func end(_ answer: LorgnetteBindings.Answer?, of session: Session) {
        answer?.cancel()
        while (try? answer?.next()) != nil {}
        session.turns.give()
    }

    /// Somebody left the loop.
    deinit {
        guard hasTurn else { return }
        session.queue.async { [answer, session] in Self.end(answer, of: session) }
    }
}
