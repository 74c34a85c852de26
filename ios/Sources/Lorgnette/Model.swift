// A model: loading it, and what can be asked of it without a session.

import Foundation
import LorgnetteBindings

/// A loaded model. Its sessions share its weights; any thread may use it.
///
/// ```swift
/// let model = try await Model.load(file, on: runtime) { print($0.stage, $0.fraction) }
/// ```
public final class Model: Sendable {
    let inner: LorgnetteBindings.Model

    private init(_ inner: LorgnetteBindings.Model) { self.inner = inner }

    /// Loads a model from a GGUF file. Nothing stays allocated where that fails.
    ///
    /// - Parameter progress: Called on the thread that loads, at most once for each percent of a stage.
    public static func load(
        _ file: URL, on runtime: Runtime, options: LoadOptions = .standard,
        progress: (@Sendable (LoadProgress) -> Void)? = nil
    ) async throws -> Model {
        try await load(.path(path: file.path), on: runtime, options: options, progress: progress)
    }

    /// Loads a model from an open file, or from a part of one. The caller's descriptor can be closed behind the call.
    public static func load(
        descriptor: Int32, offset: UInt64 = 0, length: UInt64? = nil, on runtime: Runtime,
        options: LoadOptions = .standard, progress: (@Sendable (LoadProgress) -> Void)? = nil
    ) async throws -> Model {
        let source = Source.descriptor(descriptor: descriptor, offset: offset, length: length)
        return try await load(source, on: runtime, options: options, progress: progress)
    }

    private static func load(
        _ source: Source, on runtime: Runtime, options: LoadOptions, progress: (@Sendable (LoadProgress) -> Void)?
    ) async throws -> Model {
        try await onThread("lorgnette-load") {
            Model(
                try .load(
                    runtime: runtime.inner, source: source, options: options, progress: progress.map(Report.init)))
        }
    }

    /// A new, empty session.
    public func session() throws(LorgnetteError) -> Session {
        try LorgnetteError.catching { Session(try inner.session()) }
    }

    /// Positions that a session can hold.
    public var context: Int { Int(inner.context()) }

    /// How keys and values are stored.
    public var kv: KvFormat { inner.kv() }

    /// Whether the file has a chat template, so that it can be asked with messages.
    public var hasChatTemplate: Bool { inner.hasChatTemplate() }

    /// What was planned for it.
    public var figures: PlanFigures { inner.figures() }

    /// Where its bytes are, planned and now.
    public var memory: Memory { inner.memory() }

    /// Gives memory back, and says how many bytes. What is in use stays.
    @discardableResult
    public func trim(_ level: Trim) -> Int { Int(inner.trim(level: level)) }

    /// What the parts of its load took.
    public var loadTimings: LoadTimings { inner.loadTimings() }

    /// The token ids of text, as it is.
    public func encode(_ text: String) throws(LorgnetteError) -> [UInt32] {
        try LorgnetteError.catching { try inner.encode(prompt: .text(text: text)) }
    }

    /// The token ids of a conversation, in the words of the model's chat template.
    public func encode(_ messages: [Message]) throws(LorgnetteError) -> [UInt32] {
        try LorgnetteError.catching { try inner.encode(prompt: .chat(messages: messages)) }
    }

    /// The text of token ids, without control tokens.
    public func decode(_ ids: [UInt32]) -> String { inner.decode(ids: ids) }

    /// How many tokens every conversation that starts with these messages begins with: what a sliding session is to keep.
    public func openingTokens(_ messages: [Message]) -> Int { Int(inner.openingTokens(messages: messages)) }
}

/// A closure as what Rust calls back.
private final class Report: LorgnetteBindings.LoadProgress {
    let progress: @Sendable (LoadProgress) -> Void

    init(_ progress: @escaping @Sendable (LoadProgress) -> Void) { self.progress = progress }

    func onProgress(progress: LoadProgress) { self.progress(progress) }
}
