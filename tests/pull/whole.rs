//! Pulls that succeed: whole files, continued files, cached files, two at once.

use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use lorgnette::pull::{PullOptions, pull_entry};

use crate::server::{Answer, Server, nobody};
use crate::{Folder, model, options, pinned, pull};

#[test]
fn a_file_arrives_whole_and_is_found_again_without_network() {
    let (bytes, folder) = (model(1), Folder::new());
    let served = bytes.clone();
    let server = Server::new(move |request| Answer::ranged(request, &served));
    let mut seen = Vec::new();
    let path = pull_entry(
        &pinned(&bytes),
        &options(&server.url(), &folder),
        &mut |done, total| {
            seen.push((done, total));
        },
    );
    assert_eq!(path.unwrap(), folder.model());
    assert_eq!(fs::read(folder.model()).unwrap(), bytes);
    assert_eq!(folder.files(), ["model.gguf"]);
    let total = bytes.len() as u64;
    assert_eq!(
        (seen[0], *seen.last().unwrap()),
        ((0, total), (total, total))
    );
    assert!(seen.is_sorted());
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].path,
        "/somebody/model-GGUF/resolve/main/model.gguf"
    );
    assert_eq!(
        (asked[0].header("range"), asked[0].header("authorization")),
        (None, None)
    );

    let offline = PullOptions {
        offline: true,
        ..options(&nobody(), &folder)
    };
    for options in [options(&nobody(), &folder), offline] {
        assert_eq!(pull(&pinned(&bytes), &options).unwrap(), folder.model());
    }
}

#[test]
fn after_a_cut_only_the_missing_bytes_are_asked_for() {
    let (bytes, folder) = (model(2), Folder::new());
    let served = bytes.clone();
    let server = Server::new(move |request| match request.first_byte() {
        None => Answer::whole(&served).cut(300_000),
        Some(300_000) => Answer::part(&served, 300_000).cut(100_000),
        Some(first) => Answer::part(&served, first),
    });
    let options = options(&server.url(), &folder);
    for kept in [300_000, 400_000] {
        let error = crate::failure(&pinned(&bytes), &options);
        assert!(
            error.contains(&format!("expected {} bytes", bytes.len())),
            "{error}"
        );
        assert!(
            error.contains(&format!("found {kept}")) && error.contains("kept"),
            "{error}"
        );
        assert_eq!(folder.files(), ["model.gguf.part"]);
        assert_eq!(fs::read(folder.part()).unwrap(), bytes[..kept]);
    }
    let mut first = None;
    let path = pull_entry(&pinned(&bytes), &options, &mut |done, _| {
        first.get_or_insert(done);
    });
    assert_eq!(fs::read(path.unwrap()).unwrap(), bytes);
    assert_eq!(first, Some(400_000));
    assert_eq!(folder.files(), ["model.gguf"]);
    let ranges: Vec<_> = server
        .asked()
        .iter()
        .map(|request| request.first_byte())
        .collect();
    assert_eq!(ranges, [None, Some(300_000), Some(400_000)]);
}

#[test]
fn a_server_without_ranges_sends_it_all_again() {
    let (bytes, folder) = (model(3), Folder::new());
    let served = bytes.clone();
    let server = Server::new(move |_| Answer::whole(&served));
    fs::write(folder.part(), &bytes[..1000]).unwrap();
    pull(&pinned(&bytes), &options(&server.url(), &folder)).unwrap();
    assert_eq!(fs::read(folder.model()).unwrap(), bytes);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_range_that_was_not_asked_for_is_not_taken() {
    let (bytes, folder) = (model(4), Folder::new());
    let served = bytes.clone();
    let server = Server::new(move |request| match request.first_byte() {
        Some(_) => Answer::part(&served, 500),
        None => Answer::whole(&served),
    });
    fs::write(folder.part(), &bytes[..1000]).unwrap();
    let mut first = None;
    let options = options(&server.url(), &folder);
    pull_entry(&pinned(&bytes), &options, &mut |done, _| {
        first.get_or_insert(done);
    })
    .unwrap();
    assert_eq!(first, Some(0));
    assert_eq!(fs::read(folder.model()).unwrap(), bytes);
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn what_is_left_of_another_file_is_thrown_away() {
    let (bytes, other) = (model(5), model(6));
    // Shorter: only the hash shows it, and the second request is for the whole. Longer: it shows at once.
    // Of the same length: it needs no request to be found wrong.
    let longer = [&other[..], &other[..]].concat();
    let ranges_of = |left: &[u8]| {
        let folder = Folder::new();
        let served = bytes.clone();
        let server = Server::new(move |request| Answer::ranged(request, &served));
        fs::write(folder.part(), left).unwrap();
        pull(&pinned(&bytes), &options(&server.url(), &folder)).unwrap();
        assert_eq!(fs::read(folder.model()).unwrap(), bytes);
        assert_eq!(folder.files(), ["model.gguf"]);
        let asked = server.asked();
        asked
            .iter()
            .map(|request| request.first_byte())
            .collect::<Vec<_>>()
    };
    assert_eq!(ranges_of(&other[..1000]), [Some(1000), None]);
    assert_eq!(ranges_of(&longer), [None]);
    assert_eq!(ranges_of(&other), [None]);
}

#[test]
fn a_whole_part_only_needs_its_name() {
    let (bytes, folder) = (model(7), Folder::new());
    fs::write(folder.part(), &bytes).unwrap();
    pull(&pinned(&bytes), &options(&nobody(), &folder)).unwrap();
    assert_eq!(fs::read(folder.model()).unwrap(), bytes);
}

#[test]
fn two_at_once_download_it_once() {
    let (bytes, folder) = (model(8), Folder::new());
    let served = bytes.clone();
    let server = Server::new(move |request| {
        thread::sleep(Duration::from_millis(300));
        Answer::ranged(request, &served)
    });
    let (entry, options) = (pinned(&bytes), options(&server.url(), &folder));
    let paths = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let path = pull(&entry, &options).unwrap();
                paths.lock().unwrap().push(path);
            });
        }
    });
    assert_eq!(
        paths.into_inner().unwrap(),
        [folder.model(), folder.model()]
    );
    assert_eq!(fs::read(folder.model()).unwrap(), bytes);
    assert_eq!(server.asked().len(), 1);
}
