//! Passwords and the secrets that are drawn by chance.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Letters of a set-up code: none that looks like another one.
const CODE_LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters before and after the dash: 50 random bits.
const CODE_HALF: usize = 5;

/// Argon2id with a salt of its own, as a PHC string.
pub(super) fn hash(password: &SecretString) -> Result<String, String> {
    let hashed = Argon2::default().hash_password(password.expose_secret().as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|e| e.to_string())
}

/// Whether a password is the one that was hashed. Without a hash as much time goes by: a name that isn't known must not
/// answer sooner.
pub(super) fn verify(password: &SecretString, hashed: Option<&str>) -> bool {
    let Some(hashed) = hashed else {
        let _same_work = hash(password);
        return false;
    };
    let parsed = PasswordHash::new(hashed);
    parsed.is_ok_and(|h| Argon2::default().verify_password(password.expose_secret().as_bytes(), &h).is_ok())
}

/// 256 random bits as hexadecimal digits.
pub(super) fn token() -> Result<SecretString, String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| e.to_string())?;
    Ok(SecretString::from(hex(&bytes)))
}

/// A one-time code that a person types, such as `7F3KQ-09ZXM`.
pub(super) fn setup_code() -> Result<SecretString, String> {
    let mut bytes = [0u8; 2 * CODE_HALF];
    getrandom::fill(&mut bytes).map_err(|e| e.to_string())?;
    let letter = |byte: &u8| CODE_LETTERS.get(usize::from(byte % 32)).copied().map_or('0', char::from);
    let mut code: String = bytes.iter().map(letter).collect();
    code.insert(CODE_HALF, '-');
    Ok(SecretString::from(code))
}

/// A code as it is compared: people type small letters and leave out the dash.
pub(super) fn bare_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// What the database knows of a token.
pub(super) fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// What a page of this session sends with its writes. It follows from the token, so nothing more is stored, and the token
/// doesn't follow from it.
pub(super) fn csrf_of(token: &str) -> String {
    hex(&Sha256::new().chain_update(b"fsts csrf\0").chain_update(token.as_bytes()).finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_and_knows_its_own_password_alone() {
        let right = SecretString::from("correct horse battery");
        let hashed = hash(&right).unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert_ne!(hashed, hash(&right).unwrap(), "a salt of its own");
        assert!(verify(&right, Some(&hashed)));
        assert!(!verify(&SecretString::from("correct horse batterz"), Some(&hashed)));
        assert!(!verify(&right, Some("not a hash")));
        assert!(!verify(&right, None));
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = setup_code().unwrap();
        let code = code.expose_secret();
        assert_eq!(code.len(), 11);
        let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
        assert_eq!(bare_code(code), bare_code(&typed));
        assert_eq!(bare_code(code).len(), 10);
    }

    #[test]
    fn tokens_differ_and_neither_hash_nor_csrf_is_the_token() {
        let (a, b) = (token().unwrap(), token().unwrap());
        let a = a.expose_secret();
        assert_ne!(a, b.expose_secret());
        assert_eq!(a.len(), 64);
        assert!(token_hash(a) != *a && csrf_of(a) != *a && csrf_of(a) != token_hash(a));
    }
}
