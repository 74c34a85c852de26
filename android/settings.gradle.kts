// The library and the demo app. Not built by `make`: it needs the Android SDK and the NDK (README, "From Kotlin").
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "lorgnette-android"
include(":lorgnette", ":assistant")
