//! Two ways to the same simulations: the API of a running server, and the database of the settings.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use fsts_server::Language;
use fsts_server::simulations::csv::{self, Part};
use fsts_server::simulations::{SimulationError, SimulationWish, Simulations, problem_text};
use fsts_store::{DatabaseTarget, Store};
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::cli::SimulateDoor;
use crate::cli::plan_of::database;
use crate::exit::{Exit, Failure};
use crate::messages::{Lang, Text, run as say_run, settings as say_settings, simulations as say};
use crate::services::lake::LAKE;
use crate::services::simulations::{Bars, BarsFrom, Bench};
use crate::settings::{Settings, variable_of};

/// A server on this machine answers at once or is not there.
const KNOCK: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(30);
/// Pause between two looks at a running simulation.
const LOOK: Duration = Duration::from_millis(50);
/// Whose jobs those are that a command runs itself.
const OFFLINE: &str = "offline";

/// The way that is open.
pub enum Door {
    /// A server answers.
    Server { http: Client, address: String, token: Option<SecretString>, lang: Lang },
    /// There is none.
    Here { bench: Box<Bench>, store: Store, lock: Option<File>, lang: Lang },
}

impl Door {
    /// The server of the settings or of `--server`; the database where none runs, or where `data` are given.
    ///
    /// # Errors
    /// A [`Failure`] when a named server does not answer or the database can't be opened.
    pub async fn open(args: &SimulateDoor, data: Option<&Path>, lang: Lang) -> Result<Door, Failure> {
        let settings = Settings::load(args.config.as_deref()).await?;
        if data.is_none() {
            let address = args.server.clone().unwrap_or_else(|| format!("http://{}", settings.listen));
            let address = address.trim_end_matches('/').to_owned();
            let http = Client::builder().timeout(ANSWER).no_proxy().build();
            let http = http.map_err(|e| Failure::failed(crate::messages::system(&e.to_string())))?;
            let knock = http.get(format!("{address}/healthz")).timeout(KNOCK).send().await;
            match knock {
                Ok(answer) if answer.status().is_success() => {
                    return Ok(Door::Server { http, address, token: settings.api_token, lang });
                }
                Err(error) if args.server.is_some() => {
                    let reason = error.without_url().to_string();
                    return Err(Failure::input(say::no_server(&address, &reason)));
                }
                Ok(_) | Err(_) => {}
            }
        }
        Door::here(&settings, data, lang).await
    }

    async fn here(settings: &Settings, data: Option<&Path>, lang: Lang) -> Result<Door, Failure> {
        let url = settings.database_url.as_ref().map(|u| u.expose_secret());
        let target = DatabaseTarget::from_settings(url, &settings.data_dir).map_err(|e| database(&e))?;
        let wrong = |e: std::io::Error| Failure::new(Exit::Database, say_run::data_dir(&e.to_string()));
        std::fs::create_dir_all(&settings.data_dir).map_err(wrong)?;
        let store = Store::open(&target).await.map_err(|e| database(&e))?;
        let from = match data {
            Some(path) if path.as_os_str() == LAKE => BarsFrom::Lake(settings.lake.door.clone()),
            Some(path) => BarsFrom::Files(path.to_owned()),
            None => settings.simulations.from.clone(),
        };
        let bars = Bars::new(from, settings.simulations.sets.clone());
        let bench = Box::new(Bench::new(store.clone(), OFFLINE.to_owned(), bars));
        let lock = File::create(settings.data_dir.join("simulations.lock")).map_err(wrong)?;
        let lock = lock.try_lock().is_ok().then_some(lock);
        if lock.is_some() {
            // Whoever ran these is gone: the lock is ours.
            bench.abandon().await.map_err(|e| database(&e))?;
        }
        Ok(Door::Here { bench, store, lock, lang })
    }

    /// True when the work goes on without this command.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, Door::Server { .. })
    }

    /// Asks for a simulation.
    pub async fn submit(&self, wish: &Value) -> Result<String, Failure> {
        let key = key()?;
        match self {
            Door::Server { .. } => {
                let taken = self.post("/api/v1/simulations", &key, wish).await?;
                Ok(taken["id"].as_str().unwrap_or_default().to_owned())
            }
            Door::Here { bench, lock, .. } => {
                if lock.is_none() {
                    return Err(Failure::new(Exit::Held, say::in_use()));
                }
                let wish = SimulationWish::from_json(wish).map_err(|(ko, en)| Failure::input(Text::new(ko, en)))?;
                bench.spawn(1).map_err(|e| Failure::failed(say::no_workers(&e.to_string())))?;
                bench.submit(key, wish).await.map_err(refused)
            }
        }
    }

    /// Waits until a simulation has ended.
    pub async fn wait(&self, id: &str) -> Result<Value, Failure> {
        let bar = crate::progress::bar(1);
        loop {
            let detail = self.one(id).await?;
            bar.set_length(detail["total_days"].as_u64().unwrap_or(1).max(1));
            bar.set_position(detail["done_days"].as_u64().unwrap_or(0));
            if !detail["ended_ns"].is_null() {
                bar.finish_and_clear();
                return Ok(detail);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// One simulation with its report.
    pub async fn one(&self, id: &str) -> Result<Value, Failure> {
        match self {
            Door::Server { .. } => self.get(&format!("/api/v1/simulations/{id}")).await,
            Door::Here { bench, lang, .. } => {
                let record = bench.find(id.to_owned()).await.map_err(refused)?;
                let mut report = bench.report(id.to_owned()).await.map_err(refused)?;
                report.iter_mut().for_each(|report| report.speak(language(*lang)));
                Ok(json!(record.detail(report, language(*lang))))
            }
        }
    }

    /// The newest simulations.
    pub async fn list(&self, limit: u32) -> Result<Value, Failure> {
        match self {
            Door::Server { .. } => self.get(&format!("/api/v1/simulations?limit={limit}")).await,
            Door::Here { bench, lang, .. } => {
                let records = bench.list(limit, None).await.map_err(refused)?;
                let views: Vec<_> = records.into_iter().map(|r| r.view(language(*lang))).collect();
                Ok(json!({ "simulations": views }))
            }
        }
    }

    /// A result as a file's content: a table as CSV, or everything as JSON.
    pub async fn export(&self, id: &str, part: Option<Part>) -> Result<String, Failure> {
        match self {
            Door::Server { .. } => {
                let query = part.map_or("format=json".to_owned(), |part| format!("format=csv&part={}", part.name()));
                let answer = self.ask(&format!("/api/v1/simulations/{id}/result?{query}")).await?;
                answer.text().await.map_err(|e| self.silent(&e))
            }
            Door::Here { bench, .. } => {
                let report = bench.report(id.to_owned()).await.map_err(refused)?;
                match (report, part) {
                    (Some(report), Some(part)) => Ok(csv::table(&report, part)),
                    (Some(_), None) => Ok(self.one(id).await?.to_string()),
                    (None, _) => Err(refused(SimulationError::Unknown)),
                }
            }
        }
    }

    /// Ends a simulation.
    pub async fn cancel(&self, id: &str) -> Result<Value, Failure> {
        match self {
            Door::Server { .. } => self.post(&format!("/api/v1/simulations/{id}/cancel"), &key()?, &json!({})).await,
            Door::Here { bench, lang, .. } => {
                let record = bench.cancel(id.to_owned()).await.map_err(refused)?;
                Ok(json!(record.view(language(*lang))))
            }
        }
    }

    /// Ends what the command has begun.
    pub async fn close(&self) {
        if let Door::Here { bench, store, .. } = self {
            bench.stop().await;
            store.close().await;
        }
    }

    fn request(&self, make: impl FnOnce(&Client, &str) -> RequestBuilder) -> Option<RequestBuilder> {
        let Door::Server { http, address, lang, .. } = self else { return None };
        let tag = match lang {
            Lang::Ko => "ko",
            Lang::En => "en",
        };
        Some(make(http, address).header("Accept-Language", tag))
    }

    async fn send(&self, request: Option<RequestBuilder>) -> Result<reqwest::Response, Failure> {
        let Some(request) = request else { return Err(Failure::failed(crate::messages::bug("no server"))) };
        let answer = request.send().await.map_err(|e| self.silent(&e))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let problem: Value = answer.json().await.unwrap_or_default();
        let words = problem["detail"].as_str().unwrap_or("?").to_owned();
        Err(Failure::input(say::server_says(&words)))
    }

    async fn ask(&self, path: &str) -> Result<reqwest::Response, Failure> {
        self.send(self.request(|http, address| http.get(format!("{address}{path}")))).await
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(path).await?.json().await.map_err(|e| self.silent(&e))
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value, Failure> {
        let Door::Server { token: Some(token), .. } = self else {
            return Err(Failure::config(say_settings::needed("api_token", &variable_of("api_token"))));
        };
        let request = self.request(|http, address| {
            let post = http.post(format!("{address}{path}")).bearer_auth(token.expose_secret());
            post.header("Idempotency-Key", key).json(body)
        });
        self.send(request).await?.json().await.map_err(|e| self.silent(&e))
    }

    fn silent(&self, error: &reqwest::Error) -> Failure {
        let address = match self {
            Door::Server { address, .. } => address.as_str(),
            Door::Here { .. } => "",
        };
        Failure::failed(say::no_server(address, &error.to_string()))
    }
}

fn key() -> Result<String, Failure> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| Failure::failed(crate::messages::system(&e.to_string())))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

fn language(lang: Lang) -> Language {
    match lang {
        Lang::Ko => Language::Korean,
        Lang::En => Language::English,
    }
}

fn refused(error: SimulationError) -> Failure {
    match error {
        SimulationError::Store(error) => database(&error),
        other => {
            let (ko, en) = problem_text(other);
            Failure::input(Text::new(ko, en))
        }
    }
}
