// Lines of text for a small display, whatever the pieces it comes in.

import Assistant
import XCTest

final class LinesTests: XCTestCase {
    func testWordsStayWhole() {
        XCTAssertEqual(lines(["Paris is the capital of France."], 12), ["Paris is the", "capital of", "France."])
        XCTAssertEqual(lines(["one\n\ntwo  three"], 12), ["one", "two three"])
        XCTAssertEqual(lines(["", " "], 12), [])
    }

    func testAWordLongerThanALineIsCut() {
        XCTAssertEqual(lines(["see antidisestablishment ok"], 8), ["see", "antidise", "stablish", "ment ok"])
    }

    func testPiecesDoNotMatter() {
        let text = "Ein Text, der in 👨‍👩‍👧‍👦 Stücken kommt: e\u{301}t, 漢字と仮名 und mehr davon, immer weiter."
        let whole = lines([text], 10)
        let pieces = text.unicodeScalars.map { String($0) }
        XCTAssertEqual(lines(pieces, 10), whole)
        XCTAssertTrue(whole.allSatisfy { $0.count <= 10 })
        XCTAssertEqual(whole.joined().filter { $0 != " " }, text.filter { $0 != " " })
    }

    private func lines(_ pieces: [String], _ width: Int) -> [String] {
        var lines = Lines(width: width)
        for piece in pieces { lines.add(piece) }
        lines.end()
        return lines.complete
    }
}
