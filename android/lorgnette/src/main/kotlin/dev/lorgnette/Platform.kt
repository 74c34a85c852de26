/*
 * What the numbers of a platform mean for the engine. Android's own, but without its classes: tested on the JVM.
 */
package dev.lorgnette

/** What Android's words for memory, heat and pressure mean for the engine. */
public object Platform {
    /**
     * Bytes that a model may take, to be given as [LoadOptions.budget].
     *
     * Android says how large an app's own heap may be, which grows with the memory of the device (128 MiB where it has 2
     * GB, 256 MiB and more where it has 8). What the GPU holds is not part of it but of the same memory: four times as
     * much is about an eighth of the device's. Never more than half of what is available before the system begins to end
     * processes.
     *
     * @param memoryClassMiB of `ActivityManager.getMemoryClass`.
     * @param availableBytes of `ActivityManager.MemoryInfo.availMem`.
     * @param thresholdBytes of `ActivityManager.MemoryInfo.threshold`.
     * @param lowRam of `ActivityManager.isLowRamDevice`: half of it then.
     */
    public fun suggestedBudget(memoryClassMiB: Int, availableBytes: Long, thresholdBytes: Long, lowRam: Boolean): Long {
        val share = (memoryClassMiB.MiB * 4) / (if (lowRam) 2 else 1)
        return minOf(share, (availableBytes - thresholdBytes) / 2).coerceAtLeast(0)
    }

    /** The thermal state for a status of `PowerManager`: `NONE` 0, `LIGHT` 1, `MODERATE` 2, `SEVERE` 3, `CRITICAL` 4 and up. */
    public fun thermal(status: Int): Thermal =
        when {
            status <= 1 -> Thermal.NOMINAL
            status == 2 -> Thermal.FAIR
            status == 3 -> Thermal.SERIOUS
            else -> Thermal.CRITICAL
        }

    /**
     * What to give back for a level of `ComponentCallbacks2.onTrimMemory`; null for nothing. From `BACKGROUND` (40) on the
     * app may be ended for its memory: all of it. `RUNNING_CRITICAL` (15) and `UI_HIDDEN` (20) cost a session what it has
     * read, which comes back in moments.
     */
    public fun trim(level: Int): Trim? =
        when {
            level >= 40 -> Trim.WEIGHTS
            level >= 15 -> Trim.SESSIONS
            else -> null
        }
}
