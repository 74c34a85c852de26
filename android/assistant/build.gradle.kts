// The demo app: chat on a phone, one line at a time on glasses. Platform views only.
plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "dev.lorgnette.assistant"
    compileSdk = 36

    defaultConfig {
        applicationId = "dev.lorgnette.assistant"
        minSdk = 29
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"))
        }
    }

    // Models that are put into assets are mapped where they lie: they must not be compressed.
    androidResources { noCompress += "gguf" }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    // Their tests run on the JVM: `make test-kotlin`.
    sourceSets["test"].kotlin.setSrcDirs(emptyList<String>())
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(project(":lorgnette"))
    implementation(libs.coroutines.android)
}
