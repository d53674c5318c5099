//! Words about tools of other programs, and ours for them.

use fsts_assistant::mcp::ConfigError;

use super::Text;

/// A server's secret is named and not there.
pub fn secret_missing(server: &str, variable: &str) -> Text {
    Text::new(
        format!("MCP 서버 `{server}`의 비밀값이 들어 있어야 할 환경 변수 {variable}이(가) 없습니다"),
        format!("the variable {variable}, which is to hold a secret of the MCP server `{server}`, is not set"),
    )
}

/// Two servers have one name.
pub fn twice(server: &str) -> Text {
    Text::new(
        format!("MCP 서버 `{server}`이(가) 두 번 있습니다"),
        format!("there are two MCP servers named `{server}`"),
    )
}

/// The servers can't be used.
pub fn servers(error: &ConfigError) -> Text {
    let ko = match error {
        ConfigError::Address(whose) => format!("MCP 서버 {whose}의 주소는 http나 https여야 합니다"),
        ConfigError::Json(place) => format!("MCP_SERVERS를 읽을 수 없습니다: {place}"),
        ConfigError::Name(name) => {
            format!("`{name}`은(는) MCP 서버 이름이 될 수 없습니다. 영문자, 숫자, _, -로 32자까지입니다")
        }
        ConfigError::Reach(name) => {
            format!("MCP 서버 `{name}`에는 url과 command 가운데 하나와 그에 맞는 transport가 필요합니다")
        }
        ConfigError::Tier(name) => {
            format!("MCP 서버 `{name}`의 tier는 trade일 수 없습니다. 주문 제안은 이 프로그램의 도구만 합니다")
        }
        ConfigError::TooMany => "MCP 서버가 너무 많습니다".to_owned(),
    };
    Text::new(ko, error.to_string())
}

/// The address of `fsts mcp --server` is none.
pub fn address(text: &str) -> Text {
    Text::new(format!("`{text}`은(는) http 주소가 아닙니다"), format!("`{text}` is no http address"))
}

/// `fsts mcp` found no running program; a note beside the protocol.
pub fn offline(address: &str) -> Text {
    Text::new(
        format!(
            "{address}에서 실행 중인 fsts의 MCP 도구를 쓸 수 없습니다. 도움말 검색만 제공합니다. `fsts run`, api_token, mcp.offer를 확인하십시오"
        ),
        format!(
            "no tools of a running fsts at {address}; only the help is offered. Check `fsts run`, api_token and mcp.offer"
        ),
    )
}
