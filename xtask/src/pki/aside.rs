//! The key of an authority goes aside before another takes its place: it may be somebody else's, and the only copy.
//!
//! It moves files. Whether an authority has to be replaced is not decided here.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::row::{Kind, Row, key_file};

const ASIDE: &str = ".aside";

/// Moves both files of an authority out of the way, if there is a key to lose; earlier ones stay as they are.
pub fn set_aside(row: &Row, dir: &Path) -> Result<()> {
    let key = dir.join(key_file(&row.name));
    if row.kind != Kind::Authority || !std::fs::metadata(&key).is_ok_and(|meta| meta.len() > 0) {
        return Ok(());
    }
    let mut number = 1;
    while added(&key, &suffix(number)).exists() {
        number += 1;
    }
    let free = suffix(number);
    for (file, _) in row.files() {
        let path = dir.join(file);
        if path.exists() {
            fs_err::rename(&path, added(&path, &free)).context("keeping the authority that was there")?;
        }
    }
    Ok(())
}

/// The keys that lie aside in a directory, in order.
pub fn keys_aside(dir: &Path) -> Vec<PathBuf> {
    let marked = key_file("") + ASIDE;
    let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let mut keys: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().contains(&marked))
        .map(|entry| entry.path())
        .collect();
    keys.sort();
    keys
}

fn suffix(number: usize) -> String {
    if number == 1 { ASIDE.to_string() } else { format!("{ASIDE}-{number}") }
}

fn added(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    name.into()
}
