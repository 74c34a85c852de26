/*
 * The app: it holds the conversation, which so outlives the screens, and finds models where Android has them.
 */
package dev.lorgnette.assistant

import android.app.Application
import android.net.Uri
import dev.lorgnette.LoadOptions
import dev.lorgnette.Model
import dev.lorgnette.Progress
import dev.lorgnette.Runtime
import dev.lorgnette.Stage
import dev.lorgnette.android.follow
import dev.lorgnette.android.load
import dev.lorgnette.android.loadAsset
import dev.lorgnette.android.lorgnetteCache
import dev.lorgnette.android.suggestedBudget
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob

/** Models are named by their content URI, or by [ASSET] and a name in the app's assets. */
open class AssistantApp : Application() {
    val conversation: Conversation by lazy { Conversation(CoroutineScope(SupervisorJob() + Dispatchers.Main), engine()) }

    /** The models that came with the app. */
    val bundled: List<String> get() = assets.list("").orEmpty().filter { it.endsWith(".gguf") }.map { ASSET + it }

    /** What answers. A test has another one. */
    protected open fun engine(): Engine = Engine(::open)

    private suspend fun open(name: String, progress: (Float) -> Unit): Talk {
        val runtime = Runtime.open(cacheDir = lorgnetteCache)
        try {
            val options = LoadOptions(budget = suggestedBudget())
            val tell = { now: Progress -> if (now.stage == Stage.WEIGHTS) progress(now.done.toFloat() / now.total) }
            val model = when {
                name.startsWith(ASSET) -> Model.loadAsset(this, name.removePrefix(ASSET), runtime, options, tell)
                else -> Model.load(this, Uri.parse(name), runtime, options, tell)
            }
            val following = follow(model)
            return ModelTalk.of(model, Conversation.FIRST) {
                following.close()
                runtime.close()
            }
        } catch (error: Throwable) {
            runtime.close()
            throw error
        }
    }

    companion object {
        const val ASSET: String = "asset:"
    }
}
