/*
 * Lines of a small screen.
 */
package dev.lorgnette.assistant

import org.junit.Assert.assertEquals
import org.junit.Test

class LinesTest {
    private val lines = Lines(10)

    @Test
    fun wholeWordsAndNoLineTooLong() {
        assertEquals(listOf("one two", "three four", "five"), lines.of("one two\n three four five"))
        assertEquals(emptyList<String>(), lines.of(" \n"))
        assertEquals("five", lines.last("one two three four five"))
        assertEquals("", lines.last(""))
    }

    @Test
    fun longWordsAreCutBetweenCharacters() {
        assertEquals(listOf("abcdefghij", "klm no"), lines.of("abcdefghijklm no"))
        assertEquals(listOf("🦉".repeat(10), "🦉🦉"), lines.of("🦉".repeat(12)))
    }

    @Test
    fun whatGrowsKeepsTheLinesThatAreFull() {
        val text = "In the middle of the night there was a knock at the door."
        val ends = (1..text.length).map { lines.of(text.take(it)) }
        for ((before, after) in ends.zipWithNext()) {
            assertEquals(before.dropLast(1), after.take(before.size - 1))
        }
    }
}
