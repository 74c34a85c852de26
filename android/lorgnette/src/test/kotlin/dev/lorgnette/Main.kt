/*
 * Runs the test classes that are given and says how many passed, on a line that machines read too.
 */
package dev.lorgnette

import kotlin.system.exitProcess
import org.junit.runner.Description
import org.junit.runner.JUnitCore
import org.junit.runner.notification.Failure
import org.junit.runner.notification.RunListener

private class Told : RunListener() {
    private var began = 0L
    private var failed = false

    override fun testStarted(description: Description) {
        began = System.nanoTime()
        failed = false
    }

    override fun testFailure(failure: Failure) {
        failed = true
        println(failure.trimmedTrace)
    }

    override fun testFinished(description: Description) {
        val seconds = (System.nanoTime() - began) / 1e9
        val name = "${description.testClass.simpleName}.${description.methodName}"
        println("%s %s (%.2f s)".format(if (failed) "FAILED" else "ok", name, seconds))
    }
}

fun main(classes: Array<String>) {
    val core = JUnitCore().apply { addListener(Told()) }
    val result = core.run(*classes.map { Class.forName(it) }.toTypedArray())
    println("kotlin: ${result.runCount - result.failureCount} passed, ${result.failureCount} failed")
    exitProcess(if (result.wasSuccessful() && result.runCount > 0) 0 else 1)
}
