//! `fsts jobs`: scheduled jobs of the running program, by its API; without one, lists straight from the database.

use std::time::Duration;

use comfy_table::{Table, presets};
use fsts_domain::Timestamp;
use fsts_krx::SessionCalendar;
use fsts_server::{JobBegunView, JobRunView, JobRunsView, JobSwitchedView, JobView, JobsView, Language, ProblemView};
use fsts_store::{DatabaseTarget, Store};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use super::{Context, JobsCommand};
use crate::clock::{MarketTime, real_now};
use crate::exit::{Exit, Failure};
use crate::messages::{Lang, jobs as say, run as run_say};
use crate::output;
use crate::services::jobs::view;
use crate::settings::{ClockSetting, SessionCalendarSetting, Settings};

/// How long the running program may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may take to take the call.
const CONNECT: Duration = Duration::from_secs(2);

/// Runs the command.
pub async fn run(command: JobsCommand, context: Context) -> Result<(), Failure> {
    match command {
        JobsCommand::List(args) => list(&Settings::load(args.config.as_deref()).await?, context).await,
        JobsCommand::History(args) => {
            let settings = Settings::load(args.config.as_deref()).await?;
            history(&settings, (&args.name, args.limit), context).await
        }
        JobsCommand::Run(args) => {
            let (settings, name) = (Settings::load(args.config.as_deref()).await?, args.name);
            let server = Server::of(&settings, context.lang)?;
            let begun: JobBegunView = server.write(&name, "run").await?;
            show(&begun, context, |begun| output::line(say::begun(&name, &begun.run_id).get(context.lang)));
            Ok(())
        }
        JobsCommand::Enable(args) => {
            switch(&Settings::load(args.config.as_deref()).await?, (&args.name, true), context).await
        }
        JobsCommand::Disable(args) => {
            switch(&Settings::load(args.config.as_deref()).await?, (&args.name, false), context).await
        }
    }
}

async fn switch(settings: &Settings, (name, enabled): (&str, bool), context: Context) -> Result<(), Failure> {
    let server = Server::of(settings, context.lang)?;
    let action = if enabled { "enable" } else { "disable" };
    let switched: JobSwitchedView = server.write(name, action).await?;
    show(&switched, context, |s| output::line(say::switched(&s.name, s.enabled).get(context.lang)));
    Ok(())
}

async fn list(settings: &Settings, context: Context) -> Result<(), Failure> {
    let server = Server::of(settings, context.lang)?;
    let jobs: JobsView = match server.read("/api/v1/jobs").await? {
        Some(jobs) => jobs,
        None => {
            let offline = Offline::open(settings).await?;
            let (calendar, now) = (&offline.calendar, offline.now);
            // Which tasks a program would have is not known without it.
            let jobs = view::jobs(&offline.store, (calendar, now), |_| true, language(context.lang)).await;
            offline.store.close().await;
            JobsView { jobs: jobs.map_err(database)? }
        }
    };
    show(&jobs, context, |jobs| list_table(&jobs.jobs, context.lang));
    Ok(())
}

async fn history(settings: &Settings, (name, limit): (&str, u32), context: Context) -> Result<(), Failure> {
    let server = Server::of(settings, context.lang)?;
    let runs: JobRunsView = match server.read(&format!("{}/history?limit={limit}", path(name))).await? {
        Some(runs) => runs,
        None => {
            let offline = Offline::open(settings).await?;
            let runs = view::history(&offline.store, (name, limit), language(context.lang)).await;
            offline.store.close().await;
            let runs = runs.map_err(database)?.ok_or_else(|| Failure::input(say::unknown(name)))?;
            JobRunsView { runs }
        }
    };
    show(&runs, context, |runs| history_table(&runs.runs, context.lang));
    Ok(())
}

fn show<T: serde::Serialize>(answer: &T, context: Context, print: impl FnOnce(&T)) {
    match serde_json::to_string(answer) {
        Ok(json) if context.json => output::line(&json),
        Ok(_) | Err(_) => print(answer),
    }
}

fn list_table(jobs: &[JobView], lang: Lang) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(say::job_headings().map(|h| h.get(lang).to_owned()));
    for job in jobs {
        let next = match job.next_ns {
            Some(at) => minute(at.timestamp()),
            None => say::not_due(job.problem.is_none()).get(lang).to_owned(),
        };
        let last = job.last.as_ref().map_or_else(String::new, |run| {
            format!("{} {}", minute(run.due_ns.timestamp()), say::outcome(run.outcome).get(lang))
        });
        table.add_row(vec![job.name.clone(), job.title.clone(), job.schedule.clone(), next, last]);
    }
    output::line(&table.trim_fmt());
}

fn history_table(runs: &[JobRunView], lang: Lang) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(say::run_headings().map(|h| h.get(lang).to_owned()));
    for run in runs {
        table.add_row(vec![
            minute(run.due_ns.timestamp()),
            minute(run.started_ns.timestamp()),
            say::outcome(run.outcome).get(lang).to_owned(),
            run.message.clone().unwrap_or_default(),
        ]);
    }
    output::line(&table.trim_fmt());
}

/// `2026-11-20 15:10`, Korean time.
fn minute(at: Timestamp) -> String {
    at.to_string().chars().take(16).collect()
}

fn language(lang: Lang) -> Language {
    match lang {
        Lang::Ko => Language::Korean,
        Lang::En => Language::English,
    }
}

fn database(error: fsts_store::StoreError) -> Failure {
    Failure::new(Exit::Database, run_say::database(&error.to_string()))
}

/// A job's address; a name that can't be in one is unknown to the program as well.
fn path(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    format!("/api/v1/jobs/{}", name.chars().map(safe).collect::<String>())
}

/// The running program.
struct Server {
    address: String,
    client: reqwest::Client,
    token: Option<secrecy::SecretString>,
    lang: Lang,
}

impl Server {
    fn of(settings: &Settings, lang: Lang) -> Result<Server, Failure> {
        let client = reqwest::Client::builder().timeout(PATIENCE).connect_timeout(CONNECT).no_proxy().build();
        let client = client.map_err(|e| Failure::failed(crate::messages::system(&e.to_string())))?;
        let address = format!("http://{}", settings.listen);
        Ok(Server { address, client, token: settings.api_token.clone(), lang })
    }

    /// An answer, or `None` when nothing listens.
    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Failure> {
        self.ask(Method::GET, path).await
    }

    async fn write<T: DeserializeOwned>(&self, name: &str, action: &str) -> Result<T, Failure> {
        let answer = self.ask(Method::POST, &format!("{}/{action}", path(name))).await?;
        answer.ok_or_else(|| Failure::failed(say::no_server(&self.address)))
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str) -> Result<Option<T>, Failure> {
        let strange =
            |e: reqwest::Error| Failure::failed(say::strange_server(&self.address, &e.without_url().to_string()));
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.address));
        request = request.header("Accept-Language", language_tag(self.lang));
        if method != Method::GET {
            let key = format!("cli-{}-{}", std::process::id(), real_now().ns());
            request = request.header("Idempotency-Key", key);
            if let Some(token) = &self.token {
                request = request.bearer_auth(token.expose_secret());
            }
        }
        let reply = match request.send().await {
            Ok(reply) => reply,
            Err(error) if error.is_connect() => return Ok(None),
            Err(error) => return Err(strange(error)),
        };
        if reply.status().is_success() {
            return reply.json().await.map(Some).map_err(strange);
        }
        let not_found = reply.status().as_u16() == 404;
        let problem: ProblemView = reply.json().await.map_err(strange)?;
        let text = say::refused(&problem.title, &problem.detail);
        Err(if not_found { Failure::input(text) } else { Failure::failed(text) })
    }
}

fn language_tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Ko => "ko",
        Lang::En => "en",
    }
}

/// What the database alone tells.
struct Offline {
    store: Store,
    calendar: SessionCalendar,
    now: Timestamp,
}

impl Offline {
    async fn open(settings: &Settings) -> Result<Offline, Failure> {
        let url = settings.database_url.as_ref().map(|u| u.expose_secret());
        let target = DatabaseTarget::from_settings(url, &settings.data_dir).map_err(database)?;
        let store = Store::open(&target).await.map_err(database)?;
        let time = match &settings.clock {
            ClockSetting::System => MarketTime::system(),
            ClockSetting::Url(url) => {
                let clock = MarketTime::following(url.clone()).await;
                clock.map_err(|e| Failure::new(Exit::Broker, run_say::clock(&e)))?
            }
        };
        let calendar = match settings.session_calendar {
            SessionCalendarSetting::Krx => SessionCalendar::krx(),
            SessionCalendarSetting::AlwaysOpen => SessionCalendar::always_open(),
        };
        Ok(Offline { store, calendar, now: time.now() })
    }
}
