/*
 * Ten thousand pieces, and a hundred answers that nobody waits for: every character is right and nothing stays behind.
 */
package dev.lorgnette

import com.sun.jna.Library
import com.sun.jna.Native
import com.sun.jna.Structure
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class LeakTest {
    /** What glibc says of the heap that the engine shares with the JVM's own native parts. */
    @Structure.FieldOrder("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    open class Heap : Structure(), Structure.ByValue {
        @JvmField var arena = 0L
        @JvmField var ordblks = 0L
        @JvmField var smblks = 0L
        @JvmField var hblks = 0L
        @JvmField var hblkhd = 0L
        @JvmField var usmblks = 0L
        @JvmField var fsmblks = 0L
        @JvmField var uordblks = 0L
        @JvmField var fordblks = 0L
        @JvmField var keepcost = 0L
    }

    interface Libc : Library {
        fun mallinfo2(): Heap
    }

    private val libc by lazy { Native.load("c", Libc::class.java) }

    /** Bytes in use once the JVM has put away what it can. */
    private fun inUse(): Long {
        System.gc()
        Thread.sleep(20)
        return libc.mallinfo2().let { it.uordblks + it.hblkhd }
    }

    /** So many tokens, which say the text again and again; how many there were. */
    private suspend fun pieces(session: Session, tokens: Int): Int {
        val text = StringBuilder()
        var pieces = 0
        session.ask("Go on.", Fixture.greedy(tokens)).collect {
            if (it is Event.Text) {
                text.append(it.text)
                pieces += it.tokens.size
            }
        }
        // The last character may be cut.
        val whole = text.trimEnd('\uFFFD')
        assertTrue(Fixture.said.repeat(1 + whole.length / Fixture.said.length).startsWith(whole))
        return pieces
    }

    /** Played by the references, which are quicker than a software driver where a step is next to nothing. */
    @Test
    fun tenThousandPieces() = test {
        val device = Fixture.device(adapter = "cpu")
        val model = Model.load(Fixture.recital, device, LoadOptions(context = 64))
        val session = model.session(overflow = Overflow.Slide())
        pieces(session, 1_000)
        val uses = mutableListOf(inUse())
        repeat(10) {
            assertEquals(1_000, pieces(session, 1_000))
            uses += inUse()
        }
        // What the JVM itself takes comes in a few leaps; what stays of each piece comes every time. A batch that stayed
        // would be 100 bytes and more; ids are 4 bytes a token by design.
        val grown = uses.zipWithNext { before, after -> after - before }.sorted()
        println("10,000 pieces, bytes more in use behind each thousand: $grown")
        assertTrue("$grown bytes more behind each thousand", grown[5] < 50_000)
        listOf(session, model, device).forEach { it.close() }
    }

    @Test
    fun aHundredAnswersThatNobodyWaitsFor() = test {
        val reciter = Fixture.reciter
        val before = Fixture.device.counters
        var opened = 0L
        reciter.session().use { session ->
            opened = Fixture.device.counters.buffers
            repeat(100) { round ->
                if (round % 2 == 0) {
                    session.ask("Go on.", Fixture.greedy(100)).first()
                } else {
                    launch { session.ask("Go on.", Fixture.greedy(100)).collect {} }.let {
                        yield()
                        it.cancelAndJoin()
                    }
                }
            }
            assertEquals(0, answering())
        }
        val after = Fixture.device.counters
        assertEquals(before.liveBytes, after.liveBytes)
        assertEquals("no buffer is made for an answer", opened, after.buffers)
    }
}
