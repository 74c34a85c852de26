/*
 * What a platform does to an app: it goes to the background, its GPU is reset, memory runs short, the device gets hot.
 * The answer is the one that comes without any of it.
 */
package dev.lorgnette

import java.io.FileInputStream
import java.io.File
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.TimeSource
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

class LifeTest {
    @Test
    fun aPauseStopsTheGpuAndTheAnswerGoesOn() = test {
        Fixture.device().use { device ->
            val model = Model.load(Fixture.tiny, device, Fixture.options)
            val session = model.session()
            val options = Fixture.sampled(200, 5)
            val expected = session.answer(Fixture.prompt(20), options).whole().ids
            val before = device.counters.submits
            val answer = async(Dispatchers.Default) { session.answer(Fixture.prompt(20), options).whole().ids }
            while (device.counters.submits < before + 10) Thread.onSpinWait()
            device.pause()
            val paused = device.counters.submits
            assertTrue(device.isPaused)
            delay(100)
            assertEquals("nothing while it is paused", paused, device.counters.submits)
            assertTrue("and it was not done", answer.isActive)
            device.resume()
            assertEquals(expected, answer.await())
            // Cancelled while it waits.
            device.pause()
            val waiting = launch { session.answer(Fixture.prompt(20, seed = 1), Fixture.greedy(60)).collect {} }
            delay(20)
            waiting.cancelAndJoin()
            device.resume()
            assertEquals(expected, session.answer(Fixture.prompt(20), options).whole().ids)
            listOf(session, model).forEach { it.close() }
        }
    }

    /** The recital, since a software driver compiles all of a model anew each time; drawn so hot that it says anything. */
    @Test
    fun aLostDeviceAtTwentyPointsLeavesTheAnswerAsItIs() = test {
        Fixture.device().use { device ->
            val model = Model.load(Fixture.recital, device, LoadOptions(context = 256))
            val options = Fixture.sampled(24, 6).copy(temperature = 100f)
            val expected = model.session().use { it.answer(Fixture.prompt(1), options).whole() }
            assertTrue("sampled: $expected", Fixture.said.take(10) !in expected.text && expected.ids.toSet().size > 12)
            val chance = Random(20)
            for (point in List(20) { chance.nextInt(24) }) {
                var lost = false
                val events = model.session().use { session ->
                    var seen = 0
                    session.answer(Fixture.prompt(1), options).onEach { event ->
                        if (event is Event.Text) seen += event.tokens.size
                        if (!lost && seen > point) device.loseDevice().also { lost = true }
                    }.toList()
                }
                assertTrue("lost", lost)
                val answer = whole(events)
                assertEquals("lost behind token $point", expected.ids to expected.text, answer.ids to answer.text)
            }
            model.close()
        }
    }

    @Test
    fun aPacedAnswerIsTheSameAndTheGpuIdlesBetween() = test {
        Fixture.device().use { device ->
            val model = Model.load(Fixture.tiny, device, Fixture.options)
            val session = model.session()
            val options = Fixture.sampled(6, 9)
            val full = session.answer(Fixture.prompt(5), options).whole()
            session.setPace(Pace.TokensPerSecond(5f))
            // Looks at the device's count of submits ten times a token: it moves once a token, and stands still between.
            val before = device.counters.submits
            val start = TimeSource.Monotonic.markNow()
            val answer = async(Dispatchers.Default) { session.answer(Fixture.prompt(5), options).whole() }
            val seen = mutableListOf<Long>()
            while (answer.isActive) {
                seen += device.counters.submits - before
                delay(20)
            }
            assertEquals(full.text to full.ids, answer.await().let { it.text to it.ids })
            val took = start.elapsedNow()
            assertTrue("$took for 6 tokens, 5 a second", took > 800.milliseconds)
            val still = seen.zipWithNext().count { (a, b) -> a == b }
            assertTrue("still in $still of ${seen.size}: $seen", still > seen.size / 2)
            assertTrue("one for the prompt, one a token: $seen", seen.last() <= 7)

            session.setPace(Pace.Thermal)
            device.setThermal(Thermal.CRITICAL)
            val hot = TimeSource.Monotonic.markNow()
            assertEquals(full.ids.take(3), session.answer(Fixture.prompt(5), options.copy(maxTokens = 3)).whole().ids)
            assertTrue("${hot.elapsedNow()} for 3 tokens, 3 a second", hot.elapsedNow() > 500.milliseconds)
            device.setThermal(Thermal.NOMINAL)
            session.setPace(Pace.TokensPerSecond(0f))
            throws<InputException> { session.answer(Fixture.prompt(5), options).whole() }
            listOf(session, model).forEach { it.close() }
        }
    }

    @Test
    fun whatIsTrimmedComesBack() = test {
        Fixture.device().use { device ->
            val model = Model.load(Fixture.tiny, device, Fixture.options)
            val session = model.session()
            val expected = session.answer(Fixture.prompt(20), Fixture.greedy(10)).whole().ids
            val all = device.counters.liveBytes
            val sessions = model.trim(Trim.SESSIONS)
            assertEquals(model.memory.sessionBytes, sessions)
            assertEquals(all - sessions, device.counters.liveBytes)
            val weights = model.trim(Trim.WEIGHTS)
            assertTrue("$weights", weights >= model.memory.purposes.weights)
            assertEquals(0, device.counters.liveBytes)
            assertEquals(expected, session.answer(Fixture.prompt(20), Fixture.greedy(10)).whole().ids)
            assertEquals(all, device.counters.liveBytes)
            listOf(session, model).forEach { it.close() }
        }
    }

    @Test
    fun anOpenFileAndAPartOfOneAreModelsToo() = test {
        val bytes = File(Fixture.recital).readBytes()
        val packed = File(Fixture.scratch, "packed").apply { writeBytes(ByteArray(1001) + bytes + ByteArray(77)) }
        for ((file, offset, length) in listOf(
            Triple(File(Fixture.recital), 0L, null),
            Triple(packed, 1001L, bytes.size.toLong()),
        )) {
            val model = FileInputStream(file).use { open ->
                Model.load(Source.Descriptor(open.number(), offset, length), Fixture.device)
            }
            model.use {
                val answer = it.session().use { session -> session.ask("?", AnswerOptions.Greedy).whole() }
                assertEquals(Fixture.said, answer.text)
            }
        }
        val error = throws<InputException> { Model.load(Source.Descriptor(9999), Fixture.device) }
        assertTrue(error.message, "descriptor" in error.message.orEmpty())
        val beyond = throws<InputException> {
            FileInputStream(packed).use { Model.load(Source.Descriptor(it.number(), 1001, 1L shl 40), Fixture.device) }
        }
        assertFalse(beyond.message.isNullOrEmpty())
    }

    /** The number of its descriptor, which the JVM keeps to itself and Android says. */
    private fun FileInputStream.number(): Int {
        val field = java.io.FileDescriptor::class.java.getDeclaredField("fd")
        field.isAccessible = true
        return field.getInt(fd)
    }
}
