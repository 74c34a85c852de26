//! Pulls that fail: each leaves nothing under the model's name, and says what was expected and what was found.

use std::fs;
use std::time::{Duration, Instant};

use lorgnette::Error;
use lorgnette::pull::{self, Licence, PullOptions};

use crate::server::{Answer, Server, nobody};
use crate::{Folder, failure, hash, model, options, pinned};

#[test]
fn a_wrong_hash_leaves_nothing() {
    let (bytes, folder) = (model(1), Folder::new());
    let mut wrong = bytes.clone();
    wrong[123_456] ^= 1;
    let served = wrong.clone();
    let server = Server::new(move |request| Answer::ranged(request, &served));
    let error = failure(&pinned(&bytes), &options(&server.url(), &folder));
    assert!(
        error.contains(&format!("expected SHA-256 {}", hash(&bytes))),
        "{error}"
    );
    assert!(
        error.contains(&format!("found {}", hash(&wrong))),
        "{error}"
    );
    assert!(folder.files().is_empty());
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_wrong_length_is_refused() {
    let (bytes, folder) = (model(2), Folder::new());
    for served in [&bytes[..1000], &[&bytes[..], &[0]].concat()] {
        let length = served.len();
        let served = served.to_vec();
        let server = Server::new(move |_| Answer::whole(&served));
        let error = failure(&pinned(&bytes), &options(&server.url(), &folder));
        let expected = format!("expected {} bytes, found {length} bytes", bytes.len());
        assert!(error.contains(&expected), "{error}");
        assert!(folder.files().is_empty());
    }
}

#[test]
fn a_length_that_shows_only_while_reading_is_refused_too() {
    let (bytes, folder) = (model(3), Folder::new());
    let longer = [&bytes[..], &[0]].concat();
    let server = Server::new(move |_| Answer::whole(&longer).chunked());
    let error = failure(&pinned(&bytes), &options(&server.url(), &folder));
    assert!(error.contains("found more"), "{error}");
    assert!(folder.files().is_empty());

    let shorter = bytes[..1000].to_vec();
    let server = Server::new(move |_| Answer::whole(&shorter).chunked());
    let error = failure(&pinned(&bytes), &options(&server.url(), &folder));
    assert!(error.contains("found 1000"), "{error}");
    assert_eq!(folder.files(), ["model.gguf.part"]);
}

#[test]
fn a_refusal_says_its_status_and_what_may_help() {
    let (bytes, folder) = (model(4), Folder::new());
    fs::write(folder.part(), &bytes[..1000]).unwrap();
    let cases: [(u16, &[&str]); 5] = [
        (401, &["HF_TOKEN", "licence"]),
        (403, &["HF_TOKEN", "licence"]),
        (404, &["no such file"]),
        (429, &["later"]),
        (503, &[]),
    ];
    for (status, words) in cases {
        let server = Server::new(move |_| Answer::status(status));
        let error = failure(&pinned(&bytes), &options(&server.url(), &folder));
        assert!(error.contains(&status.to_string()), "{error}");
        assert!(error.contains(&server.url()), "{error}");
        for word in words {
            assert!(error.contains(word), "{status}: {error}");
        }
        // A refusal says nothing about what came before.
        assert_eq!(fs::read(folder.part()).unwrap(), bytes[..1000]);
        assert_eq!(server.asked().len(), 1);
    }
}

#[test]
fn no_network_is_said_soon() {
    let (bytes, folder) = (model(5), Folder::new());
    let (hub, start) = (nobody(), Instant::now());
    let error = failure(&pinned(&bytes), &options(&hub, &folder));
    assert!(error.contains(&hub) && error.contains("refused"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(folder.files().is_empty());
}

#[test]
fn offline_asks_nobody() {
    let (bytes, folder) = (model(6), Folder::new());
    let server = Server::new(|_| Answer::status(500));
    let offline = PullOptions {
        offline: true,
        ..options(&server.url(), &folder)
    };
    let error = failure(&pinned(&bytes), &offline);
    assert!(
        error.contains("cache") && error.contains("nothing"),
        "{error}"
    );
    assert!(server.asked().is_empty());
}

#[test]
fn a_licence_is_named_before_anything_is_asked_for() {
    let (bytes, folder) = (model(7), Folder::new());
    let served = bytes.clone();
    let server = Server::new(move |request| Answer::ranged(request, &served));
    let mut entry = pinned(&bytes);
    entry.licence = Licence {
        must_be_accepted: true,
        ..entry.licence
    };
    let mut options = options(&server.url(), &folder);
    let error = crate::pull(&entry, &options).unwrap_err();
    assert!(matches!(error, Error::Input { .. }));
    let error = error.to_string();
    assert!(
        error.contains("Free Licence") && error.contains("example.org/licence"),
        "{error}"
    );
    assert!(server.asked().is_empty());
    options.accept_licence = true;
    crate::pull(&entry, &options).unwrap();
    // What is there needs no second word.
    options.accept_licence = false;
    crate::pull(&entry, &options).unwrap();
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let folder = Folder::new();
    for error in [
        pull::pull("llama-9", &options(&nobody(), &folder), &mut |_, _| {}).unwrap_err(),
        pull::resolve("llama-9").unwrap_err(),
    ] {
        assert!(matches!(error, Error::Input { .. }));
        let error = error.to_string();
        for entry in pull::entries() {
            assert!(error.contains(entry.name), "{error}");
        }
    }
    assert!(pull::cached("llama-9").is_none());
}

#[test]
fn a_path_of_a_file_is_itself() {
    let folder = Folder::new();
    fs::write(folder.model(), "model").unwrap();
    let path = folder.model();
    assert_eq!(pull::resolve(path.to_str().unwrap()).unwrap(), path);
    // A folder is no model.
    assert!(pull::resolve(folder.0.to_str().unwrap()).is_err());
}

#[test]
fn the_list_is_sound() {
    let entries = pull::entries();
    for (index, entry) in entries.iter().enumerate() {
        let twins = entries[..index].iter();
        assert!(
            twins
                .clone()
                .all(|twin| twin.name != entry.name && twin.file != entry.file)
        );
        assert!(entry.file.ends_with(".gguf") && entry.repository.split('/').count() == 2);
        assert_eq!(
            entry.licence.must_be_accepted,
            entry.name.starts_with("llama-")
        );
        assert_eq!(
            entry.licence.name.contains("Built with Llama"),
            entry.licence.must_be_accepted
        );
        if let Some(pin) = entry.pin {
            assert_eq!(pin.sha256.len(), 64);
        }
    }
}
