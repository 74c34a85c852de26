// The glasses screen without its screen: hold to ask, let go, read one line at a time, no faster than one reads.

import Foundation
import Lorgnette
import Observation

/// One question and its answer, in lines.
@MainActor
@Observable
public final class Glasses {
    /// What is seen.
    public enum Phase: Equatable {
        /// Nothing is asked.
        case idle
        /// The button is held: the question is being said.
        case listening
        /// The answer is coming.
        case answering
        /// It is all there.
        case done
        /// It failed, in the runtime's words.
        case failed(String)
    }

    public private(set) var phase = Phase.idle
    /// The question so far.
    public private(set) var question = ""
    /// The line that is shown.
    public var line: String { lines.current.isEmpty ? lines.complete.last ?? "" : lines.current }
    /// Lines that were shown before.
    public var earlier: [String] { lines.complete }

    private let session: Session
    private let options: AnswerOptions
    private var lines: Lines
    private var answering: Task<Void, Never>?

    /// - Parameters:
    ///   - width: Characters of a line.
    ///   - tokensPerSecond: No faster than one reads: between two tokens the GPU idles, and the glasses stay cool.
    public init(
        session: Session, width: Int = 24, tokensPerSecond: Float = 5, options: AnswerOptions = .standard
    ) throws(LorgnetteError) {
        (self.session, self.options) = (session, options)
        lines = Lines(width: width)
        try session.setPace(.tokensPerSecond(rate: tokensPerSecond))
    }

    /// The button is pressed. An answer that was coming is stopped.
    public func press() {
        answering?.cancel()
        question = ""
        phase = .listening
    }

    /// What was understood of the question so far.
    public func hear(_ words: String) {
        if phase == .listening { question = words }
    }

    /// The button is let go: what was heard is asked.
    public func release() {
        guard phase == .listening else { return }
        let asked = question.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !asked.isEmpty else { return phase = .idle }
        lines = Lines(width: lines.width)
        phase = .answering
        let answer = session.answer([.system("Answer in one or two short sentences."), .user(asked)], options: options)
        answering = Task {
            do {
                for try await piece in answer.text where !Task.isCancelled { lines.add(piece) }
                // Another question may be under way.
                if !Task.isCancelled { (lines, phase) = (lines.ended, .done) }
            } catch {
                if !Task.isCancelled { phase = .failed(error.localizedDescription) }
            }
        }
    }

    /// Waits until nothing is being answered.
    public func settle() async { await answering?.value }
}

extension Lines {
    var ended: Lines {
        var lines = self
        lines.end()
        return lines
    }
}
