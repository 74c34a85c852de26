// A conversation with a model.

import Foundation
import LorgnetteBindings

/// A conversation with a model. It makes one answer at a time: a second one begins when the first has ended.
///
/// ```swift
/// let session = try model.session()
/// for try await piece in session.answer("What is the capital of France?").text { print(piece) }
/// ```
public final class Session: Sendable {
    let inner: LorgnetteBindings.Session
    /// Which answer is made.
    let turns = Turns()

    init(_ inner: LorgnetteBindings.Session) { self.inner = inner }

    /// Answers a question, as the first of a conversation.
    public func answer(_ question: String, options: AnswerOptions = .standard) -> Answer {
        answer([.user(question)], options: options)
    }

    /// Answers a conversation: all of its messages. What the session knows of it already is not computed again.
    public func answer(_ messages: [Message], options: AnswerOptions = .standard) -> Answer {
        Answer(session: self, prompt: .chat(messages: messages), options: options)
    }

    /// Goes on with text, as it is.
    public func `continue`(_ text: String, options: AnswerOptions = .standard) -> Answer {
        Answer(session: self, prompt: .text(text: text), options: options)
    }

    /// Goes on with token ids.
    public func `continue`(_ ids: [UInt32], options: AnswerOptions = .standard) -> Answer {
        Answer(session: self, prompt: .ids(ids: ids), options: options)
    }

    /// The tokens that it has read, from the first.
    public func tokens() throws(LorgnetteError) -> [UInt32] {
        try LorgnetteError.catching { try inner.tokens() }
    }

    /// Forgets every token from a length on.
    public func truncate(_ length: Int) throws(LorgnetteError) {
        try LorgnetteError.catching { try inner.truncate(length: UInt64(max(length, 0))) }
    }

    /// The logits behind these tokens, one for each of the vocabulary.
    public func logits(_ ids: [UInt32]) throws(LorgnetteError) -> [Float] {
        let bytes = try LorgnetteError.catching { try inner.logits(ids: ids) }
        return bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map { at in
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            }
        }
    }

    /// Says what happens when the context is full. Where that is not what was said before, the session begins anew.
    public func setOverflow(_ overflow: Overflow) throws(LorgnetteError) {
        try LorgnetteError.catching { try inner.setOverflow(overflow: overflow) }
    }

    /// Says where drafted tokens come from, where the model was loaded for that.
    public func setSpeculation(_ speculation: Speculation) throws(LorgnetteError) {
        let speculation: LorgnetteBindings.Speculation =
            switch speculation {
            case .off: .off
            case .lookup: .lookup
            case .draft(let model): .draft(model: model.inner)
            }
        try LorgnetteError.catching { try inner.setSpeculation(speculation: speculation) }
    }

    /// Says how fast the tokens of the answers that follow come; an answer refuses a rate that is none.
    public func setPace(_ pace: Pace) throws(LorgnetteError) {
        try LorgnetteError.catching { try inner.setPace(pace: pace) }
    }

    /// Keeps each piece of GPU work shorter than this many seconds, so that the app draws while the model thinks.
    public func setFrameBudget(_ seconds: TimeInterval?) throws(LorgnetteError) {
        try LorgnetteError.catching { try inner.setFrameBudget(budget: seconds) }
    }
}

/// Where drafted tokens come from; the answer is the same.
public enum Speculation: Sendable {
    /// Nowhere.
    case off
    /// From the text so far: for answers that quote or edit.
    case lookup
    /// From a smaller model with the same vocabulary.
    case draft(Model)
}
