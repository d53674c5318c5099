//! Which model, where and within which limits, from the environment.

use std::time::Duration;

use secrecy::SecretString;

/// A service that speaks chat completions.
#[derive(Debug, Clone)]
pub struct OpenAiService {
    /// Address up to and without `/chat/completions`.
    pub base_url: String,
    /// Its key.
    pub api_key: SecretString,
    /// The model.
    pub model: String,
}

/// A deployment on Azure.
#[derive(Debug, Clone)]
pub struct AzureService {
    /// Address of the resource.
    pub endpoint: String,
    /// The deployment.
    pub deployment: String,
    /// Its key.
    pub api_key: SecretString,
    /// Version of the interface; `v1` is the undated one.
    pub api_version: String,
}

/// Who answers.
#[derive(Debug, Clone)]
pub enum Provider {
    /// Nobody.
    None,
    /// Fixed rules.
    Rules,
    /// OpenAI, or something that speaks like it.
    OpenAi(OpenAiService),
    /// Azure.
    Azure(AzureService),
}

/// Model and limits.
#[derive(Debug, Clone)]
pub struct LlmSettings {
    /// Who answers.
    pub provider: Provider,
    /// How freely; 0 is the least.
    pub temperature: f64,
    /// Most tokens of an answer.
    pub max_output_tokens: Option<u64>,
    /// Longest time to connect.
    pub connect_timeout: Duration,
    /// Longest time from the request to the last byte of an answer in one piece.
    pub timeout: Duration,
    /// Longest silence of a streamed answer.
    pub idle_timeout: Duration,
    /// Attempts after the first.
    pub max_retries: u32,
    /// First wait between attempts; it doubles.
    pub retry_base: Duration,
    /// Longest run.
    pub run_deadline: Duration,
    /// Most requests to the model in a run.
    pub max_steps: u32,
    /// Most tool calls in a run.
    pub max_tool_calls: u32,
    /// Tool calls at once.
    pub max_parallel_tools: usize,
    /// Longest tool call.
    pub tool_timeout: Duration,
    /// Tokens of a day over all sessions.
    pub daily_token_budget: Option<u64>,
    /// Tokens of a session.
    pub session_token_budget: Option<u64>,
}

impl Default for LlmSettings {
    fn default() -> Self {
        LlmSettings {
            provider: Provider::None,
            temperature: 0.0,
            max_output_tokens: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(20),
            max_retries: 4,
            retry_base: Duration::from_millis(500),
            run_deadline: Duration::from_secs(180),
            max_steps: 12,
            max_tool_calls: 24,
            max_parallel_tools: 4,
            tool_timeout: Duration::from_secs(20),
            daily_token_budget: None,
            session_token_budget: None,
        }
    }
}

/// Why the settings can't be used. Values are never told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Set these too.
    #[error("Azure is half set up; missing: {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// Correct this.
    #[error("{name} is not usable: {expected} is expected")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What is expected.
        expected: &'static str,
    },
}

const AZURE: [&str; 3] = ["AZURE_ENDPOINT", "AZURE_API_KEY", "AZURE_DEPLOYMENT"];

impl LlmSettings {
    /// Reads the variables by the names that `lookup` knows; empty ones count as absent.
    ///
    /// # Errors
    /// [`SettingsError`], which names variables and never their values.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let get = |name: &str| lookup(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let default = LlmSettings::default();
        let seconds = |name, otherwise: Duration| -> Result<Duration, SettingsError> {
            match number::<f64>(&get, name, "a number of seconds")? {
                Some(s) if s > 0.0 && s < 1e6 => Ok(Duration::from_secs_f64(s)),
                Some(_) => Err(SettingsError::Unusable { name, expected: "a number of seconds" }),
                None => Ok(otherwise),
            }
        };
        let whole = |name| number::<u64>(&get, name, "a whole number");
        let small = |name, otherwise: u32| -> Result<u32, SettingsError> {
            Ok(number(&get, name, "a whole number")?.unwrap_or(otherwise))
        };
        Ok(LlmSettings {
            provider: provider(&get)?,
            temperature: number(&get, "LLM_TEMPERATURE", "a number")?.unwrap_or(default.temperature),
            max_output_tokens: whole("LLM_MAX_OUTPUT_TOKENS")?,
            connect_timeout: seconds("LLM_CONNECT_TIMEOUT_S", default.connect_timeout)?,
            timeout: seconds("LLM_TIMEOUT_S", default.timeout)?,
            idle_timeout: seconds("LLM_IDLE_TIMEOUT_S", default.idle_timeout)?,
            max_retries: small("LLM_MAX_RETRIES", default.max_retries)?,
            retry_base: default.retry_base,
            run_deadline: seconds("LLM_RUN_DEADLINE_S", default.run_deadline)?,
            max_steps: small("LLM_MAX_STEPS", default.max_steps)?.max(1),
            max_tool_calls: small("LLM_MAX_TOOL_CALLS", default.max_tool_calls)?,
            max_parallel_tools: small("LLM_MAX_PARALLEL_TOOLS", 4)?.clamp(1, 16) as usize,
            tool_timeout: default.tool_timeout,
            daily_token_budget: whole("LLM_DAILY_TOKEN_BUDGET")?,
            session_token_budget: whole("LLM_SESSION_TOKEN_BUDGET")?,
        })
    }
}

fn number<T: std::str::FromStr>(
    get: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, SettingsError> {
    get(name).map(|text| text.parse().map_err(|_| SettingsError::Unusable { name, expected })).transpose()
}

fn provider(get: &impl Fn(&str) -> Option<String>) -> Result<Provider, SettingsError> {
    let any_azure = AZURE.iter().any(|name| get(name).is_some());
    match get("LLM_PROVIDER").map(|p| p.to_ascii_lowercase()).as_deref() {
        Some("none") => Ok(Provider::None),
        Some("rules") => Ok(Provider::Rules),
        Some("azure") => azure(get).map(Provider::Azure),
        Some("openai") => match openai(get) {
            Some(service) => Ok(Provider::OpenAi(service)),
            None => Err(SettingsError::Unusable { name: "OPENAI_API_KEY", expected: "a key" }),
        },
        Some(_) => Err(SettingsError::Unusable { name: "LLM_PROVIDER", expected: "azure, openai, rules or none" }),
        None if any_azure => azure(get).map(Provider::Azure),
        None => Ok(openai(get).map_or(Provider::None, Provider::OpenAi)),
    }
}

fn azure(get: &impl Fn(&str) -> Option<String>) -> Result<AzureService, SettingsError> {
    match (get("AZURE_ENDPOINT"), get("AZURE_API_KEY"), get("AZURE_DEPLOYMENT")) {
        (Some(endpoint), Some(key), Some(deployment)) => Ok(AzureService {
            endpoint: address("AZURE_ENDPOINT", &endpoint)?,
            deployment,
            api_key: SecretString::from(key),
            api_version: get("AZURE_API_VERSION").unwrap_or_else(|| "2024-10-21".to_owned()),
        }),
        _ => Err(SettingsError::Missing(AZURE.into_iter().filter(|name| get(name).is_none()).collect())),
    }
}

fn openai(get: &impl Fn(&str) -> Option<String>) -> Option<OpenAiService> {
    let base_url = get("OPENAI_BASE_URL").unwrap_or_else(|| "https://api.openai.com/v1".to_owned());
    Some(OpenAiService {
        base_url: base_url.trim_end_matches('/').to_owned(),
        api_key: SecretString::from(get("OPENAI_API_KEY")?),
        model: get("OPENAI_MODEL").unwrap_or_else(|| "gpt-4o-mini".to_owned()),
    })
}

fn address(name: &'static str, text: &str) -> Result<String, SettingsError> {
    let fits = text.starts_with("https://") || text.starts_with("http://");
    let expected = "an address that begins with https://";
    if fits { Ok(text.trim_end_matches('/').to_owned()) } else { Err(SettingsError::Unusable { name, expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<LlmSettings, SettingsError> {
        LlmSettings::from_variables(|n| variables.iter().find(|(name, _)| *name == n).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn nothing_set_is_no_model_and_half_of_azure_names_what_is_missing() {
        assert!(matches!(read(&[]).unwrap().provider, Provider::None));
        let half = read(&[("AZURE_API_KEY", "canary-key"), ("OPENAI_API_KEY", "k")]).unwrap_err();
        assert_eq!(half, SettingsError::Missing(vec!["AZURE_ENDPOINT", "AZURE_DEPLOYMENT"]));
        assert!(!format!("{half} {half:?}").contains("canary"));
    }

    #[test]
    fn azure_goes_before_openai_and_none_before_both() {
        let azure = [("AZURE_ENDPOINT", "https://a/"), ("AZURE_API_KEY", "k"), ("AZURE_DEPLOYMENT", "d")];
        let mut all = azure.to_vec();
        all.push(("OPENAI_API_KEY", "k"));
        assert!(matches!(read(&all).unwrap().provider, Provider::Azure(a) if a.endpoint == "https://a"));
        all.push(("LLM_PROVIDER", "none"));
        assert!(matches!(read(&all).unwrap().provider, Provider::None));
    }

    #[test]
    fn a_secret_is_not_in_a_debug_print() {
        let settings = read(&[("OPENAI_API_KEY", "canary-key"), ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1/")]);
        let settings = settings.unwrap();
        assert!(!format!("{settings:?}").contains("canary"));
        assert!(matches!(settings.provider, Provider::OpenAi(s) if s.base_url == "http://127.0.0.1:1/v1"));
    }

    #[test]
    fn a_number_that_is_none_names_its_variable() {
        let wrong = read(&[("LLM_TIMEOUT_S", "soon")]).unwrap_err();
        assert!(wrong.to_string().contains("LLM_TIMEOUT_S"));
    }
}
