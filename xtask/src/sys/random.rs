//! Bytes that nobody can guess, from the system. What they become is not known here.

use anyhow::{Result, anyhow};
use ring::rand::{SecureRandom as _, SystemRandom};

/// As many as the caller's array holds.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow!("the system gives no random bytes"))?;
    Ok(bytes)
}
