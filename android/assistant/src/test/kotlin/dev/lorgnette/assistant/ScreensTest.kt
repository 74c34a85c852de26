/*
 * The screens on Robolectric: what they show of a conversation, and that it outlives them.
 */
package dev.lorgnette.assistant

import android.os.Looper
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The app with a parrot for an engine. */
class ParrotApp : AssistantApp() {
    override fun engine(): Engine = Engine { _, _ -> Parrot() }
}

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], manifest = Config.NONE, application = ParrotApp::class)
class ScreensTest {
    private val app get() = RuntimeEnvironment.getApplication() as ParrotApp

    private fun settle() = shadowOf(Looper.getMainLooper()).idle()

    /** Choosing closes the model before on another thread. */
    private fun choose() {
        app.conversation.choose("a model")
        repeat(100) {
            settle()
            if (app.conversation.state.value.canAsk) return
            Thread.sleep(10)
        }
    }

    @Test
    fun theConversationOutlivesATurnOfThePhone() {
        val chat = Robolectric.buildActivity(ChatActivity::class.java).setup()
        settle()
        assertEquals("Choose a model", chat.get().status.text.toString())
        choose()
        chat.get().question.setText("Hello?")
        chat.get().action.performClick()
        settle()
        assertEquals("▸ Hello?\n\nWell, hello.", chat.get().turns.text.toString())
        assertTrue(chat.get().status.text.toString(), "tokens/s" in chat.get().status.text)
        chat.recreate()
        settle()
        assertEquals("▸ Hello?\n\nWell, hello.", chat.get().turns.text.toString())
        chat.pause().stop().destroy()
    }

    @Test
    fun theGlassesShowTheNewestLine() {
        val glasses = Robolectric.buildActivity(GlassesActivity::class.java).setup()
        choose()
        settle()
        assertEquals("Press to ask", glasses.get().line.text.toString())
        app.conversation.ask("Hello?", paced = true)
        settle()
        assertEquals("Well, hello.", glasses.get().line.text.toString())
        glasses.pause().stop().destroy()
    }
}
