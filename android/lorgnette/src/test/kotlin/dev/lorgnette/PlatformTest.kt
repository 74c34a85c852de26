/*
 * What Android's numbers mean.
 */
package dev.lorgnette

import org.junit.Assert.assertEquals
import org.junit.Test

class PlatformTest {
    @Test
    fun aBudgetIsAnEighthAndNeverMoreThanHalfOfWhatIsThere() {
        assertEquals(1024.MiB, Platform.suggestedBudget(256, 6000.MiB, 200.MiB, lowRam = false))
        assertEquals(256.MiB, Platform.suggestedBudget(128, 6000.MiB, 200.MiB, lowRam = true))
        assertEquals(400.MiB, Platform.suggestedBudget(256, 1000.MiB, 200.MiB, lowRam = false))
        assertEquals(0L, Platform.suggestedBudget(256, 100.MiB, 200.MiB, lowRam = false))
    }

    @Test
    fun heatAndPressure() {
        val states = (0..6).map(Platform::thermal)
        val critical = List(3) { Thermal.CRITICAL }
        assertEquals(listOf(Thermal.NOMINAL, Thermal.NOMINAL, Thermal.FAIR, Thermal.SERIOUS) + critical, states)
        val levels = listOf(5, 10, 15, 20, 40, 60, 80).map(Platform::trim)
        assertEquals(listOf(null, null, Trim.SESSIONS, Trim.SESSIONS, Trim.WEIGHTS, Trim.WEIGHTS, Trim.WEIGHTS), levels)
    }
}
