/*
 * The runtime: one device that models share, what it is, and what was counted on it.
 */
package dev.lorgnette

import dev.lorgnette.ffi.RuntimeOptions
import dev.lorgnette.ffi.adapters as ffiAdapters
import dev.lorgnette.ffi.profiles as ffiProfiles
import dev.lorgnette.ffi.version as ffiVersion
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** A device that models share. Close it when it is of no use any more; models keep what they need of it. */
public class Runtime private constructor(internal val ffi: dev.lorgnette.ffi.Runtime) : AutoCloseable {
    /** What it runs on. */
    public val adapter: Adapter get() = ffi.adapter().adapter()

    /** The name of its profile. */
    public val profile: String get() = ffi.profile()

    /** Everything counted so far; all zero without a GPU. */
    public val counters: Counters get() = ffi.counters().counters()

    /** Whether it is paused. */
    public val isPaused: Boolean get() = ffi.isPaused()

    /**
     * Keeps the GPU free, as an app must in the background. When this returns, nothing of it is on the GPU: at most two
     * submits end first, milliseconds. Answers and loads wait where they are; a cancel ends them meanwhile.
     */
    public fun pause(): Unit = ffi.pause()

    /** Ends a pause: what waited goes on where it was. */
    public fun resume(): Unit = ffi.resume()

    /** Says how hot the device is, for [Pace.Thermal]. */
    public fun setThermal(state: Thermal): Unit = ffi.setThermal(state)

    /** Loses the device, as a driver's reset would. */
    internal fun loseDevice(): Unit = ffi.loseDevice()

    /** Tries every kernel on this device, as far as it was not tried, and says what was found: for a bug report. */
    public suspend fun doctor(): Doctor = withContext(Dispatchers.IO) { engine { ffi.doctor().doctor() } }

    /** Forgets what was found out about this device: the next load tries everything again. */
    public fun forgetVerdict(): Unit = ffi.forgetVerdict()

    override fun close(): Unit = ffi.close()

    public companion object {
        /**
         * Opens a device.
         *
         * @param adapter a part of its name, driver or backend; `cpu` plays the plain references, very slowly. If not
         * given, the best there is.
         * @param profile the kind of device to ask for, exactly: one of [profiles]. If not given, all that it has.
         * @param cacheDir a folder of the app's own for what is learned of the device, so that the next start is quick.
         * @param variants which variants of kernels may be used; if not given, the fastest right ones.
         * @throws InputException if there is no such adapter, [DeviceException] if it has less than the profile.
         */
        public suspend fun open(
            adapter: String? = null,
            profile: String? = null,
            cacheDir: File? = null,
            variants: String? = null,
        ): Runtime {
            var runtime: Runtime? = null
            return closedUnlessReturned({ runtime }) {
                withContext(Dispatchers.IO) {
                    val options = RuntimeOptions(adapter, profile, cacheDir?.path, variants)
                    runtime = Runtime(engine { dev.lorgnette.ffi.Runtime(options) })
                }
                runtime
            }
        }

        /** The adapters of this device, the best first. */
        public fun adapters(): List<Adapter> = ffiAdapters().map { it.adapter() }

        /** The names of the profiles. */
        public val profiles: List<String> get() = ffiProfiles()

        /** The version of the engine. */
        public val version: String get() = ffiVersion()
    }
}
