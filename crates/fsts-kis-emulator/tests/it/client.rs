//! A plain client: bytes over a TCP socket, JSON, and a WebSocket.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use base64::Engine as _;
use fsts_domain::{Bar, Price, Timestamp, TradingDay, Won};
use fsts_kis_emulator::{EmuAccount, Emulator, EmulatorConfig, MarketSource, ReplayBar, demo_symbols, start};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub const DAY: &str = "2026-11-20";
pub const SYMBOL: &str = "0Z1010";
pub const OTHER: &str = "0Z1020";
pub const ACCOUNT: &str = "5000000101";
pub const HTS_ID: &str = "tester";
pub const KEY: &str = "key-of-the-test";
pub const SECRET: &str = "secret-of-the-test";

pub fn day() -> TradingDay {
    DAY.parse().unwrap()
}

pub fn at(second_of_day: i64) -> Timestamp {
    Timestamp::from_kst(day(), second_of_day)
}

pub fn hms(hour: i64, minute: i64, second: i64) -> i64 {
    hour * 3600 + minute * 60 + second
}

pub fn account() -> EmuAccount {
    EmuAccount {
        no: ACCOUNT.parse().unwrap(),
        app_key: KEY.to_owned(),
        app_secret: SECRET.to_owned(),
        hts_id: HTS_ID.to_owned(),
        cash: Won::new(100_000_000),
    }
}

/// Stepped, generated, without limits.
pub fn config() -> EmulatorConfig {
    EmulatorConfig::new(day(), demo_symbols(), vec![account()])
}

pub fn bar(open: i64, high: i64, low: i64, close: i64, volume: i64) -> Bar {
    let price = |won| Price::new(won).unwrap();
    Bar { open: price(open), high: price(high), low: price(low), close: price(close), volume }
}

/// Minute bars of the first symbol from 09:00 on.
pub fn replay(bars: &[Bar]) -> EmulatorConfig {
    let minutes = (0..).zip(bars).map(|(minute, bar)| ReplayBar {
        at_ns: at(hms(9, 0, 0) + minute * 60).ns(),
        symbol: 0,
        bar: *bar,
    });
    EmulatorConfig { market: MarketSource::Replay(minutes.collect()), ..config() }
}

/// A reply as it came off the socket.
#[derive(Debug)]
pub struct Raw {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Raw {
    pub fn code(&self) -> &str {
        self.body["msg_cd"].as_str().or(self.body["error_code"].as_str()).unwrap()
    }

    pub fn tr_cont(&self) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix("tr_cont: ")).unwrap()
    }
}

/// A call of the API; `input` is the query of a GET, the body of a POST.
struct Call<'a> {
    method: &'a str,
    path: &'a str,
    tr_id: &'a str,
    input: &'a str,
    tr_cont: &'a str,
}

/// A logged-in client of one emulator.
pub struct Client {
    pub rest: String,
    pub ws: String,
    pub token: String,
    pub mock: bool,
}

pub async fn launch(config: EmulatorConfig) -> (Emulator, Client) {
    let mock = config.env == fsts_kis_emulator::Environment::Mock;
    let emulator = start(config).await.unwrap();
    let client = Client::login(&emulator, mock).await;
    (emulator, client)
}

impl Client {
    pub async fn login(emulator: &Emulator, mock: bool) -> Client {
        let mut client = Client { mock, ..Client::unauthorised(emulator) };
        client.token = client.new_token().await.body["access_token"].as_str().unwrap().to_owned();
        client
    }

    /// A client without a token.
    pub fn unauthorised(emulator: &Emulator) -> Client {
        Client {
            rest: emulator.rest_url().trim_start_matches("http://").to_owned(),
            ws: emulator.ws_url(),
            token: String::new(),
            mock: false,
        }
    }

    pub async fn new_token(&self) -> Raw {
        let body = json!({"grant_type": "client_credentials", "appkey": KEY, "appsecret": SECRET});
        self.send("POST", "/oauth2/tokenP", &[], &body.to_string()).await.unwrap()
    }

    /// One request on its own connection; `None` when it ends without a byte.
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Option<Raw> {
        let mut socket = TcpStream::connect(&self.rest).await.unwrap();
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Raw { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap() })
    }

    /// A call of the API with all its headers.
    pub async fn try_call(&self, method: &str, path: &str, tr_id: &str, input: &str) -> Option<Raw> {
        let call = Call { method, path, tr_id, input, tr_cont: "" };
        self.make(&call).await
    }

    async fn make(&self, call: &Call<'_>) -> Option<Raw> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("AppKey", KEY),
            ("appsecret", SECRET),
            ("tr_id", call.tr_id),
            ("tr_cont", call.tr_cont),
            ("custtype", "P"),
        ];
        let trading = ["order", "inquire-balance", "inquire-daily-ccld", "inquire-psbl"];
        let is_trading = trading.iter().any(|prefix| call.path.starts_with(prefix));
        let folder = if is_trading { "trading" } else { "quotations" };
        let (query, body) = if call.method == "GET" { (call.input, "") } else { ("", call.input) };
        let target = format!("/uapi/domestic-stock/v1/{folder}/{}?{query}", call.path);
        self.send(call.method, &target, &headers, body).await
    }

    pub async fn get(&self, path: &str, tr_id: &str, query: &str) -> Raw {
        self.try_call("GET", path, tr_id, query).await.unwrap()
    }

    fn tr(&self, id: &str) -> String {
        if self.mock { format!("V{}", &id[1..]) } else { id.to_owned() }
    }

    /// Body of an order; a price of 0 makes it a market order.
    pub fn order_body(symbol: &str, qty: i64, price: i64) -> Value {
        json!({
            "CANO": &ACCOUNT[..8], "ACNT_PRDT_CD": &ACCOUNT[8..], "PDNO": symbol,
            "ORD_DVSN": if price == 0 { "01" } else { "00" },
            "ORD_QTY": qty.to_string(), "ORD_UNPR": price.to_string(), "EXCG_ID_DVSN_CD": "KRX",
        })
    }

    pub async fn order_with(&self, side: &str, body: &Value) -> Option<Raw> {
        let tr_id = self.tr(if side == "buy" { "TTTC0012U" } else { "TTTC0011U" });
        self.try_call("POST", "order-cash", &tr_id, &body.to_string()).await
    }

    pub async fn order(&self, side: &str, qty: i64, price: i64) -> Raw {
        self.order_with(side, &Self::order_body(SYMBOL, qty, price)).await.unwrap()
    }

    /// The number of an order that must be taken.
    pub async fn placed(&self, side: &str, qty: i64, price: i64) -> String {
        let reply = self.order(side, qty, price).await;
        assert_eq!(reply.body["rt_cd"], "0", "{reply:?}");
        reply.body["output"]["ODNO"].as_str().unwrap().to_owned()
    }

    pub async fn cancel(&self, number: &str, qty: Option<i64>) -> Raw {
        let body = json!({
            "CANO": &ACCOUNT[..8], "ACNT_PRDT_CD": &ACCOUNT[8..], "KRX_FWDG_ORD_ORGNO": "06010", "ORGN_ODNO": number,
            "ORD_DVSN": "00", "RVSE_CNCL_DVSN_CD": "02", "ORD_QTY": qty.unwrap_or(0).to_string(), "ORD_UNPR": "0",
            "QTY_ALL_ORD_YN": if qty.is_none() { "Y" } else { "N" },
        });
        self.try_call("POST", "order-rvsecncl", &self.tr("TTTC0013U"), &body.to_string()).await.unwrap()
    }

    pub async fn daily_page(&self, filter: &str, previous: Option<&Raw>) -> Raw {
        let key =
            |name: &str| previous.map_or(String::new(), |page| page.body[name].as_str().unwrap().replace(' ', "%20"));
        let day = DAY.replace('-', "");
        let query = format!(
            "CANO={}&ACNT_PRDT_CD={}&INQR_STRT_DT={day}&INQR_END_DT=20261231&SLL_BUY_DVSN_CD=00&INQR_DVSN=01&PDNO=\
             &CCLD_DVSN=00&ORD_GNO_BRNO=&ODNO=&INQR_DVSN_3=00&INQR_DVSN_1=&CTX_AREA_FK100={}&CTX_AREA_NK100={}{filter}",
            &ACCOUNT[..8],
            &ACCOUNT[8..],
            key("ctx_area_fk100"),
            key("ctx_area_nk100"),
        );
        let tr_cont = if previous.is_some() { "N" } else { "" };
        let (path, tr_id) = ("inquire-daily-ccld", self.tr("TTTC0081R"));
        let call = Call { method: "GET", path, tr_id: &tr_id, input: &query, tr_cont };
        self.make(&call).await.unwrap()
    }

    /// The row of an order in the daily list.
    pub async fn row(&self, number: &str) -> Value {
        let page = self.daily_page(&format!("&ODNO={number}"), None).await;
        let rows = page.body["output1"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["odno"] == number).unwrap()
    }

    pub async fn balance(&self) -> Value {
        let query = format!("CANO={}&ACNT_PRDT_CD={}", &ACCOUNT[..8], &ACCOUNT[8..]);
        self.get("inquire-balance", &self.tr("TTTC8434R"), &query).await.body
    }

    pub async fn control(&self, method: &str, path: &str, body: &str) -> Raw {
        self.send(method, &format!("/_emulator/{path}"), &[], body).await.unwrap()
    }

    pub async fn step(&self) -> Value {
        self.control("POST", "step", "").await.body
    }

    /// Steps until the Korean second of the day has come.
    pub async fn step_until(&self, second_of_day: i64) -> Value {
        let body = json!({"until_ns": at(second_of_day).ns().to_string()});
        self.control("POST", "step", &body.to_string()).await.body
    }

    pub async fn fault(&self, fault: Value) {
        assert_eq!(self.control("POST", "faults", &fault.to_string()).await.status, 200);
    }

    pub async fn approval_key(&self) -> String {
        let body = json!({"grant_type": "client_credentials", "appkey": KEY, "secretkey": SECRET});
        let reply = self.send("POST", "/oauth2/Approval", &[], &body.to_string()).await.unwrap();
        reply.body["approval_key"].as_str().unwrap().to_owned()
    }

    pub async fn stream(&self) -> Stream {
        let (socket, _) = connect_async(format!("{}/tryitout", self.ws)).await.unwrap();
        Stream { socket, approval_key: self.approval_key().await, key: String::new(), iv: String::new() }
    }
}

/// A stream session.
pub struct Stream {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub approval_key: String,
    key: String,
    iv: String,
}

impl Stream {
    /// The answer's `msg_cd`.
    pub async fn register(&mut self, tr_type: &str, tr_id: &str, tr_key: &str) -> String {
        let message = json!({
            "header": {"approval_key": self.approval_key, "custtype": "P", "tr_type": tr_type, "content-type": "utf-8"},
            "body": {"input": {"tr_id": tr_id, "tr_key": tr_key}},
        });
        self.socket.send(Message::text(message.to_string())).await.unwrap();
        loop {
            let text = self.next().await.expect("the session lives");
            if text.starts_with('{') {
                let answer: Value = serde_json::from_str(&text).unwrap();
                if let Some(output) = answer["body"].get("output") {
                    self.key = output["key"].as_str().unwrap().to_owned();
                    self.iv = output["iv"].as_str().unwrap().to_owned();
                }
                return answer["body"]["msg_cd"].as_str().unwrap().to_owned();
            }
        }
    }

    /// The next text that is not a heartbeat; `None` when the session has ended.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) if text.as_str().contains("PINGPONG") => {}
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Exactly `count` data frames, decrypted.
    pub async fn frames(&mut self, count: u64) -> Vec<Frame> {
        let mut frames = Vec::new();
        while (frames.len() as u64) < count {
            let text = self.next().await.expect("the session lives");
            let mut parts = text.splitn(4, '|');
            let (sealed, tr_id) = (parts.next().unwrap() == "1", parts.next().unwrap().to_owned());
            let records: usize = parts.next().unwrap().parse().unwrap();
            let payload = parts.next().unwrap();
            let plain = if sealed { self.opened(payload) } else { payload.to_owned() };
            let cells: Vec<String> = plain.split('^').map(str::to_owned).collect();
            frames.push(Frame { tr_id, records, cells });
        }
        frames
    }

    fn opened(&self, payload: &str) -> String {
        let sealed = base64::engine::general_purpose::STANDARD.decode(payload).unwrap();
        let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(self.key.as_bytes(), self.iv.as_bytes()).unwrap();
        String::from_utf8(cipher.decrypt_padded_vec::<Pkcs7>(&sealed).unwrap()).unwrap()
    }
}

/// A data frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub tr_id: String,
    pub records: usize,
    pub cells: Vec<String>,
}

impl Frame {
    /// Price and shares of a trade record.
    pub fn print(&self) -> (i64, i64) {
        (self.cells[2].parse().unwrap(), self.cells[12].parse().unwrap())
    }

    /// `CNTG_YN`, `ACPT_YN`, quantity and price of a notice.
    pub fn notice(&self) -> (&str, &str, i64, i64) {
        let number = |index: usize| self.cells[index].parse().unwrap();
        (&self.cells[13], &self.cells[14], number(9), number(10))
    }
}
