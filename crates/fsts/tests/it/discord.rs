//! Discord over real sockets: signed interactions, messages through the outbox, charts, and the demo's channel.

use std::time::{SystemTime, UNIX_EPOCH};

use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::drill::bars::closing_at;
use crate::drill::inbox::Inbox;
use crate::drill::market;
use crate::rig::{Rig, Site};

const OWNER: &str = "1001";
const VIEWER: &str = "1003";
const GUILD: &str = "42";

/// The service's side: its key and what it sends.
struct Service {
    key: Ed25519KeyPair,
    client: reqwest::Client,
    url: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

impl Service {
    fn new(rig: &Rig) -> Service {
        Service { key: key(), client: reqwest::Client::new(), url: rig.url("/discord/interactions") }
    }

    async fn send(&self, body: &Value, at: u64) -> (u16, Value) {
        let body = body.to_string();
        let signature = hex(self.key.sign(format!("{at}{body}").as_bytes()).as_ref());
        self.post(&body, &signature, &at.to_string()).await
    }

    async fn post(&self, body: &str, signature: &str, at: &str) -> (u16, Value) {
        let request = self.client.post(&self.url).header("X-Signature-Ed25519", signature);
        let request = request.header("X-Signature-Timestamp", at).header("Content-Type", "application/json");
        let reply = request.body(body.to_owned()).send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }

    async fn command(&self, user: &str, name: &str) -> Value {
        let body = json!({ "type": 2, "locale": "ko", "guild_id": GUILD, "member": { "user": { "id": user } },
            "data": { "name": name } });
        let (status, reply) = self.send(&body, now_s()).await;
        assert_eq!(status, 200, "{reply}");
        reply
    }

    async fn press(&self, user: &str, id: &str) -> String {
        let body = json!({ "type": 3, "locale": "ko", "guild_id": GUILD, "member": { "user": { "id": user } },
            "data": { "custom_id": id } });
        let (status, reply) = self.send(&body, now_s()).await;
        assert_eq!(status, 200, "{reply}");
        words(&reply)
    }
}

fn words(reply: &Value) -> String {
    reply["data"]["content"].as_str().unwrap().to_owned()
}

fn site(inbox: &Inbox) -> Site {
    let config = fsts_kis_emulator::EmulatorConfig { market: closing_at(&[&[71_000; 6], &[38_400; 6]]), ..market(2) };
    Site::new(config)
        .env("DISCORD_WEBHOOK_URL", inbox.url())
        .env("DISCORD_PUBLIC_KEY", &hex(key().public_key().as_ref()))
        .env("DISCORD_GUILD_ID", GUILD)
        .env("DISCORD_OWNER_USER_IDS", OWNER)
        .env("DISCORD_VIEWER_USER_IDS", VIEWER)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_service_is_answered_and_only_by_rights() {
    let inbox = Inbox::open().await;
    let mut rig = Rig::start(site(&inbox)).await;
    let service = Service::new(&rig);
    let ping = json!({ "type": 1 });
    assert_eq!(service.send(&ping, now_s()).await, (200, json!({ "type": 1 })));
    assert_eq!(service.send(&ping, now_s() - 400).await.0, 401, "a recording");
    let signature = hex(service.key.sign(format!("{}{ping}", now_s()).as_bytes()).as_ref());
    for (body, signature) in [(r#"{"type":2}"#.to_owned(), signature), (ping.to_string(), "00".repeat(64))] {
        let (status, problem) = service.post(&body, &signature, &now_s().to_string()).await;
        assert_eq!((status, &problem["code"]), (401, &json!("bad_signature")));
    }
    assert_eq!(service.send(&json!([]), now_s()).await.0, 400);

    let stranger = words(&service.command("9999", "balance").await);
    assert!(!stranger.contains('원'), "{stranger}");
    let balance = words(&service.command(VIEWER, "balance").await);
    let equity = rig.ask("/api/v1/balance").await["equity"].as_i64().unwrap();
    assert!(balance.starts_with("[모의] 총평가") && equity > 0, "{balance}");
    assert!(balance.replace(',', "").contains(&equity.to_string()), "{balance} has {equity}");
    for name in ["status", "positions", "profit", "help", "no-such"] {
        assert!(!words(&service.command(VIEWER, name).await).is_empty(), "{name}");
    }
    let refused = service.command(VIEWER, "stop").await;
    assert!(refused["data"].get("components").is_none(), "{refused}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_asks_first_and_its_button_works_once_for_one_person() {
    let inbox = Inbox::open().await;
    let mut rig = Rig::start(site(&inbox)).await;
    let service = Service::new(&rig);
    let asked = service.command(OWNER, "stop").await;
    let buttons = asked["data"]["components"][0]["components"].as_array().unwrap().clone();
    let id = |n: usize| buttons[n]["custom_id"].as_str().unwrap().to_owned();
    assert_eq!(rig.ask("/api/v1/status").await["halted"], json!(false), "asked is not done");
    service.press(VIEWER, &id(0)).await;
    assert_eq!(rig.ask("/api/v1/status").await["halted"], json!(false), "somebody else's press");
    let done = service.press(OWNER, &id(0)).await;
    assert!(done.contains("거래 정지됨"), "{done}");
    let status = rig.ask("/api/v1/status").await;
    assert_eq!((&status["halted"], &status["halt_reason"]), (&json!(true), &json!(format!("Discord {OWNER}"))));
    assert!(service.press(OWNER, &id(0)).await.contains("더 쓸 수 없습니다"), "once");

    let asked = service.command(OWNER, "stop").await;
    let no = asked["data"]["components"][0]["components"][1]["custom_id"].as_str().unwrap().to_owned();
    assert!(service.press(OWNER, &no).await.contains("그대로"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_told_once_with_its_chart() {
    let inbox = Inbox::open().await;
    let mut rig = Rig::start(site(&inbox)).await;
    for _ in 0..4 {
        rig.go().await;
    }
    let body = json!({ "message": "장 시작 @everyone", "symbol": "0Z1010", "level": "warning", "dedupe_key": "k" });
    let (status, first) = rig.tell("/api/v1/discord/send", "one", &body).await;
    assert_eq!(status, 202, "{first}");
    let (status, again) = rig.tell("/api/v1/discord/send", "two", &body).await;
    assert_eq!((status, &again["id"]), (202, &first["id"]));
    let path = format!("/api/v1/discord/outbox/{}", first["id"].as_str().unwrap());
    rig.wait_until("the message is delivered", async || rig.ask(&path).await["status"] == json!("delivered")).await;
    let told: Vec<String> = inbox.lines().into_iter().filter(|line| line.contains("장 시작")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("@\u{200b}everyone"), "{told:?}");
    assert!(inbox.pictures() >= 1, "the chart goes with it");
    assert_eq!(rig.tell("/api/v1/discord/send", "three", &json!({ "message": " " })).await.0, 400);
    assert_eq!(rig.ask("/api/v1/discord/outbox/nothing").await["code"], json!("no_such_message"));
    rig.stop().await;
}
