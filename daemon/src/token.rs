//! Tokens: what one looks like, how one is made, how two are compared. Knows
//! neither whose a token is nor where it is kept.

use std::io;

use subtle::ConstantTimeEq;

/// What every token begins with, so that people and scanners know one.
pub const TOKEN_PREFIX: &str = "pan-";
/// The random characters that follow. W&B's clients take a key only where it
/// has 40 after its prefix; 40 of 62 characters are 238 random bits.
const CHARS: usize = 40;
/// The longest key that an operator may choose.
const KEY_BYTES_MAX: usize = 512;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new token.
///
/// # Errors
/// Where the system has no random numbers.
pub fn new() -> io::Result<String> {
    /// The largest multiple of 62 that a byte holds: what lies above would make
    /// some characters likelier than others.
    const FAIR: u8 = 248;
    let mut token = TOKEN_PREFIX.to_owned();
    while token.len() < TOKEN_PREFIX.len() + CHARS {
        for byte in random::<64>()? {
            if byte < FAIR && token.len() < TOKEN_PREFIX.len() + CHARS {
                token.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            }
        }
    }
    Ok(token)
}

/// Whether W&B's clients take this as a key: 40 or more characters after its
/// prefix, which ends with the first dash.
#[must_use]
pub fn is_key(text: &str) -> bool {
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let rest = text.split_once('-').map_or(text, |(_, rest)| rest);
    rest.len() >= CHARS && text.len() <= KEY_BYTES_MAX && text.bytes().all(usable)
}

/// Random bytes.
///
/// # Errors
/// Where the system has none.
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(format!("no random numbers: {error}")))?;
    Ok(bytes)
}

/// What is kept of a token. A token is random, so a plain hash is as good as a
/// slow one.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

/// Whether two tokens are the same, in a time that says nothing about where
/// they differ, nor how long they are.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    hash(a).ct_eq(&hash(b)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_what_wandb_clients_take() {
        let (a, b) = (new().unwrap(), new().unwrap());
        assert!(!same(&a, &b) && same(&a, &a.clone()));
        let rest = a.strip_prefix("pan-").unwrap();
        assert!(rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{a}");
        assert!(is_key(&a));
    }

    #[test]
    fn keys_that_operators_choose() {
        let forty = "a".repeat(40);
        for (key, usable) in [
            (forty.clone(), true),
            (format!("local-{forty}"), true),
            (format!("{}_-{}", "b".repeat(20), "c".repeat(40)), true),
            (format!("wandb_v1_{forty}"), true),
            (forty[1..].to_owned(), false),
            (format!("local-{}", &forty[1..]), false),
            (format!("{forty} "), false),
            (format!("{forty}ä"), false),
            (String::new(), false),
            ("x".repeat(513), false),
        ] {
            assert_eq!(is_key(&key), usable, "{key}");
        }
    }
}
