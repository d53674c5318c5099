//! What a browser gets: pages, policies, and no page where a file is missing.

use crate::place::open;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers_that_browsers_obey() {
    let place = open().await;
    for path in ["/", "/docs", "/openapi.json", "/api/v1/status", "/api/v1/nothing", "/trade", "/orders"] {
        let response = place.get(path).await;
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(response.headers().contains_key("cache-control"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_dashboard_is_a_page_with_or_without_a_web_build() {
    let place = open().await;
    let pages =
        ["/", "/bots", "/portfolio", "/orders", "/chart", "/lab", "/jobs", "/alerts", "/assistant", "/settings"];
    for path in pages.into_iter().chain(["/chart/005930", "/lab/runs/12", "/bots/", "/orders?symbol=005930"]) {
        let response = place.get(path).await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        assert!(response.text().await.unwrap().contains("<html lang=\"ko\">"), "{path}");
    }
    let gone = ["/assets/gone.js", "/api/v2/orders", "/../Cargo.toml", "/%2e%2e/Cargo.toml"];
    for path in gone.into_iter().chain(["/nothing", "/order", "/orders/1", "/chart/a.js", "/chart/005930/x", "/lab/12"])
    {
        assert_eq!(place.get(path).await.status().as_u16(), 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_needs_no_other_host() {
    let place = open().await;
    let mut text = String::new();
    for path in ["/docs", "/docs/page.js", "/docs/page.css"] {
        let response = place.get(path).await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
        text += &response.text().await.unwrap();
    }
    assert!(!text.contains("http://") && !text.contains("https://"));
    assert!(!text.contains("innerHTML"), "text goes in as text only");
    let api = place.read("/openapi.json").await;
    assert!(api["paths"]["/api/v1/orders"]["post"].is_object());
}
