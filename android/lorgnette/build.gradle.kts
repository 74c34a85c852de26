// The library: our Kotlin, the code that uniffi has generated and the engine for each ABI. `build-aar` makes the last two
// and puts them under build/, then calls this.
plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "dev.lorgnette"
    compileSdk = 36

    defaultConfig {
        minSdk = 29
        consumerProguardFiles("consumer-rules.pro")
        ndk { abiFilters += listOf("arm64-v8a", "x86_64") }
    }

    sourceSets["main"].apply {
        kotlin.srcDir(layout.buildDirectory.dir("engine/kotlin"))
        jniLibs.srcDir(layout.buildDirectory.dir("engine/jniLibs"))
    }

    // Their tests run on the JVM against the engine: `make test-kotlin`.
    sourceSets["test"].kotlin.setSrcDirs(emptyList<String>())

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    publishing { singleVariant("release") { withSourcesJar() } }
}

kotlin { jvmToolchain(17) }

dependencies {
    api(libs.coroutines.core)
    implementation(libs.coroutines.android)
    // With Android's native parts: the archive, not the jar.
    implementation("${libs.jna.get()}@aar")
}
