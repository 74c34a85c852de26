//! The ways of Hugging Face: redirects to a storage host, the hash stated on the way, and a token for the hub alone.

use std::fs;

use lorgnette::pull::PullOptions;

use crate::server::{Answer, Server};
use crate::{Folder, failure, hash, model, options, pinned, pull, unpinned};

/// A hub that redirects to a storage host, and states what lies there.
fn hub_and_storage(bytes: &[u8], stated: String) -> (Server, Server) {
    let (served, length) = (bytes.to_vec(), bytes.len().to_string());
    let storage = Server::new(move |request| {
        // A storage's tag is a hash of its own kind, as long as a SHA-256.
        Answer::ranged(request, &served).header("ETag", &format!("\"{}\"", "ab".repeat(32)))
    });
    let to = format!("{}/blob?signature=x%2By&expires=1", storage.url());
    let hub = Server::new(move |_| {
        Answer::redirect(302, &to)
            .header("X-Linked-Size", &length)
            .header("X-Linked-ETag", &format!("\"{stated}\""))
    });
    (hub, storage)
}

#[test]
fn a_token_stays_with_the_hub() {
    let (bytes, folder) = (model(1), Folder::new());
    let (hub, storage) = hub_and_storage(&bytes, hash(&bytes));
    let with_token = PullOptions {
        token: Some("secret".to_owned()),
        ..options(&hub.url(), &folder)
    };
    pull(&pinned(&bytes), &with_token).unwrap();
    assert_eq!(fs::read(folder.model()).unwrap(), bytes);
    assert_eq!(
        hub.asked()[0].header("authorization"),
        Some("Bearer secret")
    );
    assert_eq!(storage.asked()[0].header("authorization"), None);
    assert_eq!(storage.asked()[0].path, "/blob?signature=x%2By&expires=1");
}

#[test]
fn a_renamed_repository_still_gets_the_token() {
    let (bytes, folder) = (model(2), Folder::new());
    let served = bytes.clone();
    let hub = Server::new(move |request| {
        if request.path.starts_with("/somebody/") {
            return Answer::redirect(307, "/else/model-GGUF/resolve/main/model.gguf");
        }
        match request.header("authorization") {
            Some("Bearer secret") => Answer::ranged(request, &served),
            _ => Answer::status(401),
        }
    });
    let with_token = PullOptions {
        token: Some("secret".to_owned()),
        ..options(&hub.url(), &folder)
    };
    pull(&pinned(&bytes), &with_token).unwrap();
    assert_eq!(fs::read(folder.model()).unwrap(), bytes);
}

#[test]
fn without_a_pin_the_hash_is_the_hubs() {
    let (bytes, folder) = (model(3), Folder::new());
    let (hub, storage) = hub_and_storage(&bytes, hash(&bytes));
    fs::write(folder.part(), &bytes[..2000]).unwrap();
    pull(&unpinned(), &options(&hub.url(), &folder)).unwrap();
    assert_eq!(fs::read(folder.model()).unwrap(), bytes);
    assert_eq!(storage.asked()[0].first_byte(), Some(2000));

    let (folder, other) = (Folder::new(), hash(b"other"));
    let (hub, _storage) = hub_and_storage(&bytes, other.clone());
    let error = failure(&unpinned(), &options(&hub.url(), &folder));
    assert!(
        error.contains(&format!("expected SHA-256 {other}")),
        "{error}"
    );
    assert!(folder.files().is_empty());
}

#[test]
fn without_any_hash_of_the_hub_nothing_is_taken() {
    let (bytes, folder) = (model(4), Folder::new());
    let served = bytes.clone();
    let storage = Server::new(move |_| {
        Answer::whole(&served).header("ETag", &format!("\"{}\"", hash(&served)))
    });
    let to = storage.url();
    let silent = Server::new(move |_| Answer::redirect(302, &to));
    let other = Server::new(move |_| Answer::whole(&bytes).header("ETag", "\"0123abcd\""));
    for hub in [silent, other] {
        let error = failure(&unpinned(), &options(&hub.url(), &folder));
        assert!(error.contains("SHA-256, found none"), "{error}");
        assert!(folder.files().is_empty());
    }
}

#[test]
fn a_whole_part_without_a_pin_is_asked_for_again() {
    let (bytes, folder) = (model(5), Folder::new());
    let (hub, storage) = hub_and_storage(&bytes, hash(&bytes));
    fs::write(folder.part(), &bytes).unwrap();
    pull(&unpinned(), &options(&hub.url(), &folder)).unwrap();
    assert_eq!(fs::read(folder.model()).unwrap(), bytes);
    let ranges: Vec<_> = storage
        .asked()
        .iter()
        .map(|request| request.first_byte())
        .collect();
    assert_eq!(ranges, [Some(bytes.len()), None]);
}

#[test]
fn a_redirect_must_lead_somewhere() {
    let (bytes, folder) = (model(6), Folder::new());
    let circle = Server::new(|request| Answer::redirect(302, &request.path));
    let error = failure(&pinned(&bytes), &options(&circle.url(), &folder));
    assert!(error.contains("redirects"), "{error}");
    assert!((5..=20).contains(&circle.asked().len()));
    let nowhere = Server::new(|_| Answer::status(302));
    let error = failure(&pinned(&bytes), &options(&nowhere.url(), &folder));
    assert!(error.contains("redirect to an address"), "{error}");
}
