//! Rules of the installer image: one source, and none from the network without a digest.
//!
//! Knows which keys go together, not what is in an ISO.

use std::path::PathBuf;

use crate::config::settings::{Settings, blame};

pub(super) fn all(settings: &mut Settings) {
    let path = settings.get::<PathBuf>("ISO_PATH").is_some();
    let url = settings.get::<String>("ISO_URL").is_some();
    let digest = settings.get::<String>("ISO_SHA256").is_some();
    let (path_item, url_item, digest_item) =
        (settings.item("ISO_PATH"), settings.item("ISO_URL"), settings.item("ISO_SHA256"));
    if path && url {
        let found = blame(
            &[&path_item, &url_item],
            "the installer image comes from two places",
            "delete `ISO_PATH`, or `ISO_URL` and `ISO_SHA256`",
        );
        settings.extend(found.map(|d| d.because("`ISO_PATH` is a file on this host, `ISO_URL` is downloaded")));
    }
    // A digest that is there and bad has been reported as such.
    if url && !digest && digest_item.trusted {
        let found = blame(
            &[&url_item],
            "`ISO_URL` has no digest to check the download against",
            "write what `sha256sum` prints for the image in `ISO_SHA256`",
        );
        settings
            .extend(found.map(|d| d.because("every node is installed from this image: it must be the one you mean")));
    }
    if digest && !url && url_item.trusted {
        let found = blame(&[&digest_item], "`ISO_SHA256` stands alone", "write `ISO_URL` too, or delete the line");
        settings
            .extend(found.map(|d| {
                d.because("it is the digest of what `ISO_URL` leads to; the release's own image has its own")
            }));
    }
}
