/*
 * Loading: progress, figures, and what is said where it cannot be done.
 */
package dev.lorgnette

import java.io.File
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

class LoadTest {
    @Test
    fun progressGoesToTheEndOfEachStage() = test {
        val told = mutableListOf<Progress>()
        Model.load(Fixture.tiny, Fixture.device, Fixture.options) { told += it }.close()
        for (stage in listOf(Stage.PIPELINES, Stage.WEIGHTS)) {
            val of = told.filter { it.stage == stage }
            assertEquals("$stage", of.last().total, of.last().done)
            assertEquals("$stage", of.map { it.done }.sorted(), of.map { it.done })
        }
        assertTrue("${told.size} times", told.size in 4..303)
    }

    @Test
    fun figuresOfThePlanAreThoseOfTheModel() = test {
        val planned = Model.inspect(Source.Path(Fixture.tiny), Fixture.options)
        val figures = Fixture.model.figures
        assertTrue(planned.fits && planned.refusal.isEmpty())
        assertEquals(planned.copy(minimumBytes = figures.minimumBytes), figures)
        assertEquals(256, Fixture.model.context)
        assertEquals(512, planned.vocabulary)
        val memory = Fixture.model.memory
        assertEquals(planned.totalBytes, memory.plannedBytes)
        assertTrue(memory.gpuBytes in memory.purposes.weights..memory.gpuPeakBytes)
        assertTrue(Fixture.model.loadTimings.load > 0)
    }

    @Test
    fun theBudgetIsKeptOrRefusedWithItsPrice() = test {
        val wanted = LoadOptions(budget = 64.MiB)
        Model.load(Fixture.tiny, Fixture.device, wanted).use { assertTrue(it.figures.totalBytes <= 64.MiB) }
        val tight = LoadOptions(budget = 1.MiB)
        val error = throws<MemoryException> { Model.load(Fixture.tiny, Fixture.device, tight) }
        val figures = Model.inspect(Source.Path(Fixture.tiny), tight)
        assertFalse(figures.fits)
        assertEquals("budget: ${figures.refusal}", error.message)
        assertTrue(figures.minimumBytes > 1.MiB)
    }

    @Test
    fun whatIsWrongIsSaidInFull() = test {
        val nowhere = throws<ModelException> { Model.load("/nowhere.gguf", Fixture.device) }
        assertTrue(nowhere.message, "/nowhere.gguf" in nowhere.message.orEmpty())
        val broken = File(Fixture.scratch, "broken.gguf").apply { writeText("no model at all, but some text") }
        val format = throws<ModelException> { Model.load(broken.path, Fixture.device) }
        assertTrue(format.message, "expected" in format.message.orEmpty() && "found" in format.message.orEmpty())
        val device = throws<InputException> { Runtime.open(adapter = "no such adapter") }
        assertTrue(device.message, "no such adapter" in device.message.orEmpty())
        val profile = throws<InputException> { Runtime.open(profile = "fridge") }
        assertTrue(profile.message, "glasses-floor" in profile.message.orEmpty())
        throws<InputException> { Model.load(Fixture.tiny, Fixture.device, LoadOptions(context = 1 shl 30)) }
        throws<IllegalArgumentException> { Model.load(Fixture.tiny, Fixture.device, LoadOptions(context = -1)) }
    }

    @Test
    fun aPanicOfTheEngineIsAnExceptionAndNothingStays() = test {
        Fixture.device().use { device ->
            val error = throws<EngineException> {
                Model.load(Fixture.tiny, device, Fixture.options) { error("no progress wanted") }
            }
            assertTrue(error.message, "no progress wanted" in error.message.orEmpty())
            assertEquals(0, device.counters.liveBytes)
        }
    }

    @Test
    fun aCancelledLoadIsClosedAgain() = test {
        Fixture.device().use { device ->
            var model: Model? = null
            var begun = false
            val load = launch { model = Model.load(Fixture.tiny, device, Fixture.options) { begun = true } }
            while (!begun) delay(1)
            load.cancelAndJoin()
            assertTrue(load.isCancelled && model == null)
            assertEquals(0, device.counters.liveBytes)
        }
    }

    @Test
    fun aDoctorsReportNamesTheDevice() = test {
        val adapter = Fixture.device.adapter
        assertTrue(Runtime.adapters().any { it.name == adapter.name })
        assertTrue(adapter.maxBindingBytes > 0 && adapter.subgroups.first > 0)
        assertTrue("native" in Runtime.profiles && Fixture.device.profile == "native")
        assertTrue(Runtime.version.matches(Regex("""\d+\.\d+\.\d+.*""")))
    }

    @Test
    fun whatIsClosedSaysSo() = test {
        val session = Fixture.model.session()
        session.close()
        session.close()
        throws<IllegalStateException> { session.tokens() }.let { assertFalse("$it", it is CancellationException) }
    }
}
