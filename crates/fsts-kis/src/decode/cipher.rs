//! AES-256-CBC of the notice channel; key and IV come with the registration's answer and die with the session.

use std::fmt;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::FrameError;

/// Key and IV of one channel in one session. `Debug` shows neither.
#[derive(Clone)]
pub struct SessionKey {
    key: [u8; 32],
    iv: [u8; 16],
}

impl SessionKey {
    /// A session key from the broker's texts: 32 and 16 ASCII characters, used as they are.
    pub fn new(key: &str, iv: &str) -> Option<Self> {
        Some(SessionKey { key: key.as_bytes().try_into().ok()?, iv: iv.as_bytes().try_into().ok()? })
    }

    /// The plain cells of an encrypted payload.
    ///
    /// # Errors
    /// [`FrameError::Cipher`] when it is not Base64, not whole blocks, wrongly padded or not UTF-8.
    pub fn decrypt(&self, payload: &str) -> Result<String, FrameError> {
        let mut bytes = STANDARD.decode(payload.trim()).map_err(|_| FrameError::Cipher)?;
        let plain = cbc::Decryptor::<aes::Aes256>::new(&self.key.into(), &self.iv.into())
            .decrypt_padded::<Pkcs7>(&mut bytes)
            .map_err(|_| FrameError::Cipher)?;
        String::from_utf8(plain.to_vec()).map_err(|_| FrameError::Cipher)
    }

    /// The encrypted payload of plain cells, as the broker (and the emulator) writes it.
    pub fn encrypt(&self, cells: &str) -> String {
        let cipher = cbc::Encryptor::<aes::Aes256>::new(&self.key.into(), &self.iv.into())
            .encrypt_padded_vec::<Pkcs7>(cells.as_bytes());
        STANDARD.encode(cipher)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}
