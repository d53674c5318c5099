//! Login: access token and approval key.

use serde::{Deserialize, Serialize};

use super::Text;

/// Request of `/oauth2/tokenP`.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenRequest {
    /// 권한부여 Type, always `client_credentials`.
    pub grant_type: String,
    /// 앱키.
    pub appkey: String,
    /// 앱시크릿키.
    pub appsecret: String,
}

/// Answer of `/oauth2/tokenP`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenAnswer {
    /// 접근토큰.
    pub access_token: Text,
    /// 접근토큰유형, `Bearer`.
    pub token_type: Text,
    /// 접근토큰 유효기간, seconds; a JSON number on the wire.
    pub expires_in: Text,
    /// 접근토큰 유효기간(일시표시), Korean time.
    pub access_token_token_expired: Text,
}

/// Request of `/oauth2/Approval`: the secret under another name.
#[derive(Clone, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// 권한부여 타입, always `client_credentials`.
    pub grant_type: String,
    /// 앱키.
    pub appkey: String,
    /// 앱시크릿키.
    pub secretkey: String,
}

/// Answer of `/oauth2/Approval`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ApprovalAnswer {
    /// 웹소켓 접속키.
    pub approval_key: Text,
}
