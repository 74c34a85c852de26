// Text in lines for a display that shows one of them at a time, large. Words are not broken where a line can be.

/// Cuts text that comes in pieces into lines of at most so many characters.
public struct Lines: Equatable, Sendable {
    /// Characters of a line.
    public let width: Int
    /// Lines that are complete.
    public private(set) var complete: [String] = []
    /// The line that is being written.
    public private(set) var current = ""

    public init(width: Int) { self.width = max(width, 1) }

    public mutating func add(_ piece: String) {
        // A piece may go on with the last character: an accent, the rest of a family.
        let text = current + piece
        current = ""
        var word = ""
        for character in text {
            if character.isNewline {
                put(word)
                word = ""
                end()
            } else if character.isWhitespace {
                put(word)
                word = ""
                // Behind a full line a space is where it ends.
                if current.count >= width { end() } else if !current.isEmpty && current.last != " " { current.append(" ") }
            } else {
                word.append(character)
            }
        }
        put(word)
    }

    /// The last line is complete.
    public mutating func end() {
        while current.last == " " { current.removeLast() }
        if !current.isEmpty { complete.append(current) }
        current = ""
    }

    private mutating func put(_ word: String) {
        if !current.isEmpty && current.count + word.count > width { end() }
        var rest = Substring(word)
        while rest.count > width {
            complete.append(String(rest.prefix(width)))
            rest = rest.dropFirst(width)
        }
        current += rest
    }
}
