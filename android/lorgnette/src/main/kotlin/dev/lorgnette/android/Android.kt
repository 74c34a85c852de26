/*
 * What only Android has: models behind content URIs and in assets, an app's foreground, memory pressure, heat. The meaning
 * of its numbers is in Platform.kt, and all else is the library's, which runs on any JVM.
 */
package dev.lorgnette.android

import android.app.Activity
import android.app.ActivityManager
import android.app.Application
import android.content.ComponentCallbacks2
import android.content.Context
import android.content.res.AssetFileDescriptor
import android.content.res.Configuration
import android.net.Uri
import android.os.Bundle
import android.os.PowerManager
import dev.lorgnette.LoadOptions
import dev.lorgnette.Model
import dev.lorgnette.Platform
import dev.lorgnette.Progress
import dev.lorgnette.Runtime
import dev.lorgnette.Source
import dev.lorgnette.Trim
import java.io.File
import java.io.FileNotFoundException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** A service that every Android has. */
private inline fun <reified T : Any> Context.service(): T = checkNotNull(getSystemService(T::class.java))

/** Where what is learned of the device is kept, for [Runtime.open]: a folder of the app's cache. */
public val Context.lorgnetteCache: File get() = File(cacheDir, "lorgnette")

/** Bytes that a model may take on this device now ([Platform.suggestedBudget]). */
public fun Context.suggestedBudget(): Long {
    val activities = service<ActivityManager>()
    val memory = ActivityManager.MemoryInfo().also(activities::getMemoryInfo)
    return Platform.suggestedBudget(
        activities.memoryClass,
        memory.availMem,
        memory.threshold,
        activities.isLowRamDevice,
    )
}

/**
 * Loads the model that a person has chosen, without a copy: [uri] is what the system's file chooser gave.
 *
 * @throws FileNotFoundException if nothing is there.
 */
public suspend fun Model.Companion.load(
    context: Context,
    uri: Uri,
    runtime: Runtime? = null,
    options: LoadOptions = LoadOptions(),
    onProgress: (Progress) -> Unit = {},
): Model {
    val file = withContext(Dispatchers.IO) { context.contentResolver.openFileDescriptor(uri, "r") }
    file ?: throw FileNotFoundException("$uri: expected a file, found nothing")
    return file.use { load(Source.Descriptor(it.fd), runtime, options, onProgress) }
}

/**
 * Loads a model that is part of the app, without a copy. It must be stored as it is:
 * `androidResources { noCompress += "gguf" }`.
 *
 * @throws FileNotFoundException if it is not there, or compressed.
 */
public suspend fun Model.Companion.loadAsset(
    context: Context,
    name: String,
    runtime: Runtime? = null,
    options: LoadOptions = LoadOptions(),
    onProgress: (Progress) -> Unit = {},
): Model {
    val asset = withContext(Dispatchers.IO) { context.assets.openFd(name) }
    return asset.use {
        val length = it.length.takeIf { known -> known != AssetFileDescriptor.UNKNOWN_LENGTH }
        load(Source.Descriptor(it.parcelFileDescriptor.fd, it.startOffset, length), runtime, options, onProgress)
    }
}

/**
 * Lets a model follow the app's life until the result is closed: the GPU is left alone while no activity is visible, memory
 * is given back when the system asks for it, and [dev.lorgnette.Pace.Thermal] knows how hot the device is.
 *
 * @param whileInvisible for apps that answer with no screen of their own, as by speech: the GPU is not left alone.
 */
public fun Application.follow(model: Model, whileInvisible: Boolean = false): AutoCloseable =
    Following(this, model, whileInvisible)

private class Following(
    private val app: Application,
    private val model: Model,
    private val whileInvisible: Boolean,
) : AutoCloseable, ComponentCallbacks2, Application.ActivityLifecycleCallbacks, PowerManager.OnThermalStatusChangedListener {
    private val power = app.service<PowerManager>()
    private var visible = 0

    init {
        app.registerComponentCallbacks(this)
        app.registerActivityLifecycleCallbacks(this)
        // Tells the status at once, too.
        power.addThermalStatusListener(Runnable::run, this)
    }

    override fun onTrimMemory(level: Int) {
        Platform.trim(level)?.let(model::trim)
    }

    @Deprecated("Called by old systems only.")
    override fun onLowMemory() {
        model.trim(Trim.WEIGHTS)
    }

    override fun onThermalStatusChanged(status: Int): Unit = model.runtime.setThermal(Platform.thermal(status))

    override fun onActivityStarted(activity: Activity) {
        visible++
        model.runtime.resume()
    }

    override fun onActivityStopped(activity: Activity) {
        // An activity that was visible already when this began was not counted.
        visible = (visible - 1).coerceAtLeast(0)
        // One that is made anew, after a turn of the device, is back in a moment.
        if (visible == 0 && !whileInvisible && !activity.isChangingConfigurations) model.runtime.pause()
    }

    override fun close() {
        app.unregisterComponentCallbacks(this)
        app.unregisterActivityLifecycleCallbacks(this)
        power.removeThermalStatusListener(this)
        model.runtime.resume()
    }

    override fun onConfigurationChanged(configuration: Configuration): Unit = Unit

    override fun onActivityCreated(activity: Activity, state: Bundle?): Unit = Unit

    override fun onActivityResumed(activity: Activity): Unit = Unit

    override fun onActivityPaused(activity: Activity): Unit = Unit

    override fun onActivitySaveInstanceState(activity: Activity, state: Bundle): Unit = Unit

    override fun onActivityDestroyed(activity: Activity): Unit = Unit
}
