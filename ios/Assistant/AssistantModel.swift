// What both screens share: the device, the models of a folder, the chosen one with a session for each screen.

import Foundation
import Lorgnette
import Observation

/// The app without its screens.
@MainActor
@Observable
public final class AssistantModel {
    public let chat: Chat
    /// There once a model was chosen.
    public private(set) var glasses: Glasses?
    public private(set) var choices: [ModelChoice] = []

    private let folder: URL
    private let options: LoadOptions
    private let runtimeOptions: RuntimeOptions
    private let tokensPerSecond: Float
    private var runtime: Runtime?
    #if canImport(UIKit)
        private var lifecycle: Lifecycle?
    #endif

    /// - Parameters:
    ///   - folder: Where models are; by default the app's documents.
    ///   - options: By default, on a phone, what the system's memory suggests.
    ///   - runtimeOptions: By default the best device, and what is learned of it is kept in the app's caches.
    ///   - tokensPerSecond: How fast the glasses' answers come.
    public init(
        folder: URL? = nil, options: LoadOptions? = nil, runtimeOptions: RuntimeOptions? = nil,
        tokensPerSecond: Float = 5
    ) {
        let own = { FileManager.default.urls(for: $0, in: .userDomainMask)[0] }
        self.folder = folder ?? own(.documentDirectory)
        self.options = options ?? Self.suggested
        self.tokensPerSecond = tokensPerSecond
        self.runtimeOptions = runtimeOptions ?? RuntimeOptions(cacheDir: own(.cachesDirectory).path)
        chat = Chat()
    }

    /// Looks which models there are.
    public func look() { choices = models(in: folder, options: options) }

    /// Takes a model for both screens.
    public func open(_ choice: ModelChoice) async {
        glasses = nil
        await chat.open(choice.file, options: options) { [runtimeOptions] in
            if let runtime = self.runtime { return runtime }
            let runtime = try await Runtime.open(runtimeOptions)
            self.runtime = runtime
            follow(runtime)
            return runtime
        }
        if let session = try? chat.model?.session() {
            glasses = try? Glasses(session: session, tokensPerSecond: tokensPerSecond)
        }
    }

    private func follow(_ runtime: Runtime) {
        #if canImport(UIKit)
            lifecycle = Lifecycle(of: runtime) { [weak self] in [self?.chat.model].compactMap(\.self) }
        #endif
    }

    private static var suggested: LoadOptions {
        #if os(iOS)
            LoadOptions(budget: .suggested)
        #else
            .standard
        #endif
    }
}
