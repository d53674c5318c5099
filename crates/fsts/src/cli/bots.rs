//! `fsts bots list|start|pause|stop`: asks the program that is running, over its API.

use std::time::Duration;

use fsts_server::views::BotDetailView;
use fsts_server::{BotsView, ProblemView};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use super::{BotArgs, BotsArgs, BotsCommand, Context};
use crate::exit::Failure;
use crate::messages::bots as say;
use crate::output;
use crate::settings::Settings;

/// The engine answers within 15 s or says why not.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Runs the command.
pub async fn run(command: BotsCommand, context: Context) -> Result<(), Failure> {
    match command {
        BotsCommand::List(args) => list(args, context).await,
        BotsCommand::Start(args) => switch(args, "start", context).await,
        BotsCommand::Pause(args) => switch(args, "pause", context).await,
        BotsCommand::Stop(args) => switch(args, "stop", context).await,
    }
}

async fn list(args: BotsArgs, context: Context) -> Result<(), Failure> {
    let api = Api::of(&args, context).await?;
    let answer: BotsView = api.ask(api.request(Method::GET, "/api/v1/bots")).await?;
    if context.json {
        output::line(&serde_json::json!({ "bots": answer.bots }).to_string());
    } else if answer.bots.is_empty() {
        output::line(say::none().get(context.lang));
    } else {
        answer.bots.iter().for_each(show);
    }
    Ok(())
}

async fn switch(args: BotArgs, way: &str, context: Context) -> Result<(), Failure> {
    let id: fsts_domain::BotId = args.id.parse().map_err(|_| Failure::input(say::not_a_bot(&args.id)))?;
    let api = Api::of(&args.server, context).await?;
    let request = api.write(Method::POST, &format!("/api/v1/bots/{id}/{way}"))?;
    let bot: BotDetailView = api.ask(request).await?;
    if context.json {
        output::line(&serde_json::json!(bot).to_string());
    } else {
        show(&bot);
    }
    Ok(())
}

fn show(bot: &BotDetailView) {
    let state = serde_json::to_value(bot.state).ok();
    let state = state.as_ref().and_then(|s| s.as_str()).unwrap_or_default();
    let symbols: Vec<String> = bot.symbols.iter().map(ToString::to_string).collect();
    let profit = bot.realized_pnl + bot.unrealized_pnl;
    let id = &bot.id;
    output::line(&format!("{id:<16} {state:<10} {:<16} {:>14} {}", bot.strategy, profit.get(), symbols.join(",")));
}

/// The running program.
struct Api {
    client: Client,
    base: String,
    account: Option<String>,
    token: Option<secrecy::SecretString>,
    language: &'static str,
}

impl Api {
    async fn of(args: &BotsArgs, context: Context) -> Result<Api, Failure> {
        let settings = Settings::load(args.config.as_deref()).await?;
        let base = args.server.clone().unwrap_or_else(|| format!("http://{}", settings.listen));
        let client = Client::builder().timeout(ANSWER_MAX).build();
        Ok(Api {
            client: client.map_err(|e| Failure::failed(crate::messages::system(&e.to_string())))?,
            base: base.trim_end_matches('/').to_owned(),
            account: args.account.clone(),
            token: settings.api_token,
            language: match context.lang {
                crate::messages::Lang::Ko => "ko",
                crate::messages::Lang::En => "en",
            },
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let account = self.account.iter().map(|name| ("account", name.as_str())).collect::<Vec<_>>();
        let request = self.client.request(method, format!("{}{path}", self.base)).query(&account);
        request.header("accept-language", self.language)
    }

    fn write(&self, method: Method, path: &str) -> Result<RequestBuilder, Failure> {
        let token = self.token.as_ref().ok_or_else(|| Failure::config(say::no_token()))?;
        let mut key = [0u8; 16];
        getrandom::fill(&mut key).map_err(|e| Failure::failed(crate::messages::system(&e.to_string())))?;
        let key: String = key.iter().map(|b| format!("{b:02x}")).collect();
        Ok(self.request(method, path).bearer_auth(token.expose_secret()).header("idempotency-key", key))
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        // The error of the client names the address, never the token.
        let silent = |e: reqwest::Error| Failure::failed(say::no_answer(&e.to_string()));
        let answer = request.send().await.map_err(silent)?;
        let ok = answer.status().is_success();
        let body = answer.bytes().await.map_err(silent)?;
        let strange = |e: serde_json::Error| Failure::failed(say::no_answer(&e.to_string()));
        if ok {
            return serde_json::from_slice(&body).map_err(strange);
        }
        let problem: ProblemView = serde_json::from_slice(&body).map_err(strange)?;
        Err(Failure::failed(say::refused(&problem.title, &problem.detail)))
    }
}
