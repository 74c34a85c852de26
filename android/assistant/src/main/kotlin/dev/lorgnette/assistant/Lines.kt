/*
 * Text for a small screen: one line at a time, of whole words. No Android here.
 */
package dev.lorgnette.assistant

/** Breaks text that grows into lines of at most [width] characters. Words that are longer are cut, never within a character. */
class Lines(private val width: Int) {
    init {
        require(width > 0) { "width: expected at least 1, found $width" }
    }

    /** The lines of a text. The same beginning gives the same lines, but for the last, which grows. */
    fun of(text: String): List<String> {
        val lines = mutableListOf<String>()
        var line = StringBuilder()
        var length = 0
        for (word in text.split(Regex("\\s+")).filter { it.isNotEmpty() }) {
            var rest = word
            if (length > 0 && length + 1 + rest.points() > width) {
                lines += line.toString()
                line = StringBuilder()
                length = 0
            }
            while (rest.points() > width) {
                val cut = rest.offsetByCodePoints(0, width)
                lines += rest.substring(0, cut)
                rest = rest.substring(cut)
            }
            if (length > 0) line.append(' ')
            line.append(rest)
            length = line.toString().points()
        }
        if (length > 0) lines += line.toString()
        return lines
    }

    /** The one that is read now: the newest. */
    fun last(text: String): String = of(text).lastOrNull().orEmpty()

    private fun String.points() = codePointCount(0, this.length)
}
