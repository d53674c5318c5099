//! Why a lake could not be read or written.

use fsts_domain::Symbol;

use crate::LoadError;

/// Why a lake could not be read or written. `Display` is English, [`LakeError::korean`] Korean.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The folder or bucket does not answer; look at it, then repeat.
    #[error("the lake {place} can't be used: {reason}")]
    Place {
        /// Which.
        place: String,
        /// What was said.
        reason: String,
    },
    /// A file of the lake is not what it must be; restore it from a backup.
    #[error("the lake's file {object} is damaged: {reason}")]
    Damaged {
        /// The file.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer program wrote the lake; use that.
    #[error("the lake was written by a newer version (format {format})")]
    Newer {
        /// The format's number.
        format: u32,
    },
    /// Others write without a pause; repeat later.
    #[error("the lake is being written by others; try again")]
    Contended,
    /// Stored bars differ from those to be stored; look at both, then let one win.
    #[error("{rows} bars differ from those in the lake, first {symbol} at {at}; nothing was stored")]
    Conflict {
        /// How many.
        rows: u64,
        /// Symbol of the first.
        symbol: Symbol,
        /// Its day or minute.
        at: String,
    },
    /// The selection gives no bars.
    #[error(transparent)]
    Rows(#[from] LoadError),
}

impl LakeError {
    /// The message in Korean.
    pub fn korean(&self) -> String {
        match self {
            LakeError::Place { place, reason } => format!("데이터 레이크 {place}을(를) 쓸 수 없습니다: {reason}"),
            LakeError::Damaged { object, reason } => {
                format!("데이터 레이크의 {object} 파일이 손상되었습니다: {reason}")
            }
            LakeError::Newer { format } => {
                format!("데이터 레이크를 더 새로운 버전이 썼습니다 (형식 {format})")
            }
            LakeError::Contended => "다른 프로그램이 데이터 레이크를 쓰고 있습니다. 다시 해 보십시오".to_owned(),
            LakeError::Conflict { rows, symbol, at } => {
                format!("봉 {rows}개가 레이크에 있는 것과 다릅니다. 첫 봉: {symbol} {at}. 아무것도 저장하지 않았습니다")
            }
            LakeError::Rows(error) => error.korean(),
        }
    }
}
