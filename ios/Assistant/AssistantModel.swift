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
    private var runtime: Runtime?

    /// - Parameters:
    ///   - folder: Where models are; by default the app's documents.
    ///   - runtimeOptions: By default the best device, and what is learned of it is kept in the app's caches.
    public init(
        folder: URL? = nil, options: LoadOptions = .standard, runtimeOptions: RuntimeOptions? = nil
    ) {
        let own = { FileManager.default.urls(for: $0, in: .userDomainMask)[0] }
        self.folder = folder ?? own(.documentDirectory)
        self.options = options
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
            return runtime
        }
        if let session = try? chat.model?.session() { glasses = Glasses(session: session) }
    }
}
