// Which models there are: the GGUF files of a folder, and whether each would fit. Reads headers only, and needs no device.

import Foundation
import Lorgnette

/// A model that could be chosen.
public struct ModelChoice: Identifiable, Hashable, Sendable {
    public let file: URL
    /// The file's name without its ending.
    public let name: String
    /// What it would take, or why it cannot be used.
    public let detail: String
    public let isUsable: Bool

    public var id: URL { file }
}

/// The models of a folder, by name.
public func models(in folder: URL, options: LoadOptions = .standard) -> [ModelChoice] {
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    let models = files.filter { $0.pathExtension.lowercased() == "gguf" }
    return models.map { choice($0, options) }.sorted { $0.name < $1.name }
}

private func choice(_ file: URL, _ options: LoadOptions) -> ModelChoice {
    let name = file.deletingPathExtension().lastPathComponent
    do {
        let figures = try inspect(file, options: options)
        let size = String(format: "%.0f MB, %d positions", Double(figures.totalBytes) / 1e6, figures.context)
        let detail = figures.fits ? size : figures.refusal
        return ModelChoice(file: file, name: name, detail: detail, isUsable: figures.fits)
    } catch {
        return ModelChoice(file: file, name: name, detail: error.message, isUsable: false)
    }
}
