//! Key pairs for ssh: the one that opens the nodes, and the one by which each node proves who it is.
//!
//! `ring` makes the key, `ssh-key` writes OpenSSH's format. It does not know any node.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{LineEnding, PrivateKey};

use super::mismatch::{self, Mismatch};
use crate::sys::fs::{Access, write_atomic};
use crate::sys::random;

/// The private key that opens the nodes, where `ssh -i` is pointed at.
pub const USER_KEY: &str = "id_ed25519";
/// The private key of a node, as sshd calls it.
pub const HOST_KEY: &str = "ssh_host_ed25519_key";

/// The two files of a pair, in the order in which they are written. The public one is a line for `authorized_keys` or,
/// with a name before it, for `known_hosts`.
pub fn files(name: &str) -> [(String, Access); 2] {
    [(name.to_string(), Access::Secret), (public(name), Access::Public)]
}

/// The file of the public half.
pub fn public(name: &str) -> String {
    format!("{name}.pub")
}

/// Makes a new pair in `dir`; the comment tells a person what it is for.
pub fn write(dir: &Path, name: &str, comment: &str) -> Result<()> {
    let purpose = "making an ssh key";
    let seed = random::bytes().context(purpose)?;
    let (private, public) = pair(seed, comment)
        .and_then(|key| Ok((key.to_openssh(LineEnding::LF)?, public_line(&key)?)))
        .map_err(|e| anyhow!("{e}"))
        .context(purpose)?;
    write_atomic(&dir.join(name), private.as_bytes(), Access::Secret).context(purpose)?;
    write_atomic(&dir.join(self::public(name)), public.as_bytes(), Access::Public).context(purpose)?;
    holds(dir, name, comment).map_err(|why| anyhow!("what was just written is not an ssh key pair: {why}; run again"))
}

/// Whether both files are intact, belong together and carry the comment.
pub fn holds(dir: &Path, name: &str, comment: &str) -> Result<(), Mismatch> {
    let text = mismatch::read(&dir.join(name), Access::Secret)?;
    let broken = || Mismatch::differs(format!("`{name}` is not one intact ed25519 key of OpenSSH"));
    let key = PrivateKey::from_openssh(&text).map_err(|_| broken())?;
    // The file carries the public half too: making it anew from the secret half finds an edit in either.
    let seed = key.key_data().ed25519().ok_or_else(broken)?.private.to_bytes();
    let again = pair(seed, key.comment()).and_then(|key| key.to_openssh(LineEnding::LF)).map_err(|_| broken())?;
    if again.as_bytes() != text {
        return Err(broken());
    }
    if key.comment() != comment {
        return Err(Mismatch::differs(format!("`{name}` is marked `{}`, not `{comment}`", key.comment())));
    }
    let public = mismatch::read(&dir.join(public(name)), Access::Public)?;
    if public_line(&key).map_err(|_| broken())?.as_bytes() == public {
        return Ok(());
    }
    Err(Mismatch::differs(format!("`{name}.pub` is not the public half of `{name}`")))
}

fn pair(seed: [u8; Ed25519PrivateKey::BYTE_SIZE], comment: &str) -> ssh_key::Result<PrivateKey> {
    let ring = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| ssh_key::Error::Crypto)?;
    let pair = Ed25519Keypair {
        public: Ed25519PublicKey::try_from(ring.public_key().as_ref())?,
        private: Ed25519PrivateKey::from_bytes(&seed),
    };
    PrivateKey::new(KeypairData::Ed25519(pair), comment)
}

fn public_line(key: &PrivateKey) -> ssh_key::Result<String> {
    Ok(format!("{}\n", key.public_key().to_openssh()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_pair_holds_until_something_about_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(holds(dir.path(), USER_KEY, "demo"), Err(Mismatch::Missing(USER_KEY.to_string())));
        write(dir.path(), USER_KEY, "demo").unwrap();
        holds(dir.path(), USER_KEY, "demo").unwrap();
        assert!(holds(dir.path(), USER_KEY, "other").unwrap_err().to_string().contains("marked `demo`"));

        let line = std::fs::read_to_string(dir.path().join(public(USER_KEY))).unwrap();
        assert!(line.starts_with("ssh-ed25519 ") && line.ends_with(" demo\n"), "{line}");
        write_atomic(&dir.path().join(public(USER_KEY)), b"ssh-ed25519 AAAA demo\n", Access::Public).unwrap();
        assert!(holds(dir.path(), USER_KEY, "demo").unwrap_err().to_string().contains("not the public half"));

        write(dir.path(), USER_KEY, "demo").unwrap();
        let private = dir.path().join(USER_KEY);
        let text = std::fs::read_to_string(&private).unwrap();
        for edited in [text.replacen("AAAA", "AAAB", 1), text[..text.len() / 2].to_string(), format!("{text}\n")] {
            write_atomic(&private, edited.as_bytes(), Access::Secret).unwrap();
            assert!(holds(dir.path(), USER_KEY, "demo").unwrap_err().to_string().contains("not one intact"));
        }
        write_atomic(&private, text.as_bytes(), Access::Secret).unwrap();
        std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(holds(dir.path(), USER_KEY, "demo").unwrap_err().to_string().contains("mode 0640"));
    }
}
