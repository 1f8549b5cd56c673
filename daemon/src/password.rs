//! Passwords: what is kept of one, and whether one is right. Slow on purpose, so
//! never on the runtime's own threads. Knows no user.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// The shortest that is taken, in characters.
pub const CHARS_MIN: usize = 8;
/// The longest, in bytes.
pub const BYTES_MAX: usize = 1024;

/// What is kept of a password: argon2id with a salt of its own.
///
/// # Errors
/// For people: why this is none that is taken.
pub fn hash(password: &str) -> Result<String, String> {
    if password.chars().count() < CHARS_MIN || password.len() > BYTES_MAX {
        return Err(format!("a password has at least {CHARS_MIN} characters, and at most {BYTES_MAX} bytes"));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| format!("the password cannot be hashed: {error}"))
}

/// Whether this is the password of which `kept` was kept. Where nothing was, the
/// answer is no, and takes as long.
#[must_use]
pub fn is_right(password: &str, kept: Option<&str>) -> bool {
    let Some(kept) = kept.and_then(|kept| PasswordHash::new(kept).ok()) else {
        let _ = Argon2::default().hash_password(password.as_bytes());
        return false;
    };
    password.len() <= BYTES_MAX && Argon2::default().verify_password(password.as_bytes(), &kept).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords() {
        let (one, other) = (hash("correct horse").unwrap(), hash("correct horse").unwrap());
        assert!(one.starts_with("$argon2id$") && one != other && !one.contains("horse"), "{one}");
        assert!(is_right("correct horse", Some(&one)) && is_right("correct horse", Some(&other)));
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!is_right(wrong, Some(&one)), "{wrong}");
        }
        assert!(!is_right("correct horse", None) && !is_right("correct horse", Some("")));
        assert!(hash("seven77").is_err() && hash(&"x".repeat(BYTES_MAX + 1)).is_err());
    }
}
