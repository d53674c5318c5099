//! Every mistake a person can make with files and arguments: an exit code and one sentence, in both languages.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::program::fsts;

/// One mistake. The arguments are split at blanks; the files are those of [`folder`].
struct Case {
    arguments: &'static str,
    variables: &'static [(&'static str, &'static str)],
    code: i32,
    ko: &'static str,
    en: &'static str,
}

const fn case(arguments: &'static str, code: i32, ko: &'static str, en: &'static str) -> Case {
    Case { arguments, variables: &[], code, ko, en }
}

const fn env(variables: &'static [(&'static str, &'static str)], ko: &'static str, en: &'static str) -> Case {
    Case { arguments: "config check", variables, code: CONFIG, ko, en }
}

const USAGE: i32 = 2;
const CONFIG: i32 = 3;
const INPUT: i32 = 4;
const FAILED: i32 = 1;

const ARGUMENTS: &[Case] = &[
    case("", USAGE, "명령이 빠졌습니다", "a command is missing"),
    case("nonsense", USAGE, "`nonsense` 명령을 모릅니다", "no command `nonsense`"),
    case("backtest", USAGE, "<STRATEGY> 인자가 빠졌습니다", "the argument <STRATEGY> is missing"),
    case("backtest sma_cross --nonsense", USAGE, "`--nonsense` 인자를 모릅니다", "no argument `--nonsense`"),
    case("backtest sma_cross --cash", USAGE, "--cash: 값이 빠졌습니다", "--cash: a value is missing"),
    case("backtest sma_cross --rules own --data bars.csv", USAGE, "가능한 값: ideal, krx", "known: ideal, krx"),
    case("backtest sma_cross --threads many --data bars.csv", USAGE, "--threads: `many`", "--threads: `many`"),
    case("backtest sma_cross", USAGE, "--data로 봉 파일이나 폴더", "give a file or folder of bars with --data"),
    case("backtest nonsense --data bars.csv", INPUT, "`nonsense` 전략은 없습니다", "no strategy `nonsense`"),
    case("backtest sma_cross --data gone.csv", INPUT, "gone.csv 파일을 열 수 없습니다", "cannot open gone.csv"),
    case(
        "backtest sma_cross --data damaged.parquet",
        INPUT,
        "damaged.parquet 파일을 읽을 수 없습니다",
        "cannot read damaged.parquet",
    ),
    case("backtest sma_cross --data columns.csv", INPUT, "`high` 열이 없습니다", "no column `high`"),
    case("backtest sma_cross --data empty", INPUT, ".parquet 파일이 없습니다", "no .csv, .csv.gz or .parquet file"),
    case("backtest sma_cross --data twice", INPUT, "005930", "005930 at 2024-03-04"),
    case("backtest sma_cross --data bars.csv --symbols 000000", INPUT, "000000", "no bars of 000000"),
    case(
        "backtest sma_cross --data bars.csv --symbols 삼성",
        USAGE,
        "`삼성`은(는) 종목코드가 아닙니다",
        "is not a symbol",
    ),
    case(
        "backtest sma_cross --data bars.csv --from 2024-13-01",
        USAGE,
        "`2024-13-01`은(는) 날짜가 아닙니다",
        "`2024-13-01` is not a date",
    ),
    case("backtest sma_cross --data bars.csv --from 2024-02-01 --to 2024-01-01", USAGE, "늦습니다", "is after --to"),
    case("backtest sma_cross --data bars.csv --from 2030-01-01", INPUT, "쓸 봉이 없습니다", "no bars left"),
    case(
        "backtest sma_cross --data bars.csv --cash -5",
        USAGE,
        "`-5`은(는) 1원 이상",
        "`-5` is not a whole number of won",
    ),
    case("backtest sma_cross --data bars.csv --cash 0", USAGE, "1원 이상", "1 or more"),
    case("backtest sma_cross --data bars.csv --cash 1.5", USAGE, "1원 이상", "1 or more"),
    case("backtest sma_cross --data bars.csv --size shares:-10", USAGE, "--size: `shares:-10`", "--size: `shares:-10`"),
    case("backtest sma_cross --data bars.csv --style stop", USAGE, "--style: `stop`", "--style: `stop`"),
    case("backtest sma_cross --data bars.csv --param fast", USAGE, "--param: `fast`", "--param: `fast`"),
    case(
        "backtest sma_cross --data bars.csv --param speed=1",
        INPUT,
        "`speed` 매개변수가 없습니다",
        "no parameter `speed`",
    ),
    case(
        "backtest sma_cross --data bars.csv --param fast=0",
        INPUT,
        "`fast`은(는) 1에서 500 사이",
        "`fast` must lie between 1 and 500",
    ),
    case("backtest sma_cross --data bars.csv --param fast=40", INPUT, "짧은 평균(40)", "fast average (40)"),
    case(
        "backtest sma_cross --data bars.csv --price-kind adjusted --rules krx",
        INPUT,
        "수정주가로는",
        "adjusted prices can't run",
    ),
    case(
        "backtest sma_cross --data bars.csv --fills gone/fills.csv",
        FAILED,
        "gone/fills.csv 파일을 쓸 수 없습니다",
        "gone/fills.csv can't be written",
    ),
    case(
        "backtest sma_cross --data bars.csv --decisions gone/d.ndjson",
        FAILED,
        "gone/d.ndjson 파일을 쓸 수 없습니다",
        "gone/d.ndjson can't be written",
    ),
    case("bench w2", USAGE, "기준 데이터 파일", "benchmark data file"),
    case("bench w3 --data bars.csv", USAGE, "가능한 값: w2, w7", "known: w2, w7"),
    case("bench w2 --data bars.csv", INPUT, "bars.csv 파일을 읽을 수 없습니다", "cannot read bars.csv"),
    case("bench w2 --data bars.csv --runs 0", USAGE, "--runs: 1 이상", "--runs: must be 1 or more"),
    case("bench w2 --data bars.csv --bars 5 --panel 2", USAGE, "함께 쓸 수 없습니다", "exclude each other"),
    case(
        "emulate --clock sundial",
        USAGE,
        "가능한 값: real, accelerated, stepped",
        "known: real, accelerated, stepped",
    ),
    case("emulate --jitter-ms 300-0", USAGE, "`300-0`", "`300-0`"),
    case("emulate --account 12", USAGE, "8+2자리", "8 + 2 digits"),
    case("emulate --cash none", USAGE, "--cash", "--cash"),
    case("emulate --start-date someday", USAGE, "--start-date", "--start-date"),
    case("emulate --listen 0.0.0.0:0", USAGE, "에뮬레이터를 이렇게 띄울 수 없습니다", "loopback addresses only"),
    case("emulate --data gone.csv", INPUT, "gone.csv", "gone.csv"),
    case("replay", USAGE, "<DAY> 인자가 빠졌습니다", "the argument <DAY> is missing"),
];

const SETTINGS: &[Case] = &[
    case("config check --config gone.toml", CONFIG, "gone.toml", "gone.toml can't be read"),
    case("run --config gone.toml", CONFIG, "gone.toml", "gone.toml can't be read"),
    case("config check --config damaged.toml", CONFIG, "2번째 줄", "no TOML at line 2"),
    case(
        "config check --config unknown.toml",
        CONFIG,
        "`risk.order_won_maxx` 설정을 모릅니다",
        "no setting `risk.order_won_maxx`",
    ),
    case("config check --config open.toml", CONFIG, "chmod 600 open.toml", "chmod 600 open.toml"),
    case("config check --config bot_strategy.toml", CONFIG, "`nonsense` 전략은 없습니다", "no strategy `nonsense`"),
    case("config check --config bot_symbol.toml", CONFIG, "`5930`은(는) 종목코드", "`5930` is not a symbol"),
    case("config check --config bot_sizing.toml", CONFIG, "`sizing`", "`sizing` must be at least"),
    case("config check --config bot_sizing_word.toml", CONFIG, "다음 가운데 하나", "must be one of: shares"),
    case(
        "config check --config bot_without_id.toml",
        CONFIG,
        "`bots.0.id` 설정이 빠졌습니다",
        "`bots.0.id` is missing",
    ),
    case("config check --config bot_twice.toml", CONFIG, "`a`이(가) 두 번", "`a` is given twice"),
    case("config check --config bot_manual.toml", CONFIG, "manual은 쓸 수 없습니다", "not `manual`"),
    env(&[("FSTS_MODE", "reckless")], "paper, live", "one of: paper, live"),
    env(&[("FSTS_LISTEN", "0.0.0.0:80")], "루프백", "`listen` must be a loopback address"),
    env(&[("FSTS_LISTEN", "here")], "루프백", "`listen` must be a loopback address"),
    env(&[("FSTS_CLOCK", "http://example.com/clock")], "`clock` 설정", "`clock` must be"),
    env(&[("FSTS_SESSION_CALENDAR", "lunar")], "krx, always-open", "one of: krx, always-open"),
    env(&[("FSTS_API_TOKEN", "short")], "16자 이상", "at least 16 characters"),
    env(&[("FSTS_KIS_ENV", "fake")], "`kis.env`", "`kis.env` must be one of"),
    env(&[("FSTS_KIS_REST_URL", "http://example.com")], "FSTS_KIS_REST_URL", "FSTS_KIS_REST_URL can't be used"),
    env(&[("FSTS_KIS_REST_URL", "http://127.0.0.1:1")], "둘 다 루프백", "both be on loopback"),
    env(&[("FSTS_KIS_ENV", "real")], "`mode`가 paper이면", "with `mode` paper"),
    env(&[("FSTS_MODE", "live")], "`mode`가 live이면 `kis.env`", "with `mode` live, `kis.env`"),
    env(
        &[("FSTS_MODE", "live"), ("FSTS_KIS_ENV", "real"), ("FSTS_SESSION_CALENDAR", "always-open")],
        "`session_calendar`는 krx",
        "`session_calendar` krx",
    ),
    env(&[("FSTS_KIS_ACCOUNT", "1234")], "8+2자리", "8 + 2 digits"),
    env(&[("FSTS_KIS_HTS_ID", "1234567801")], "HTS 로그인 아이디", "HTS login id"),
    env(&[("FSTS_KIS_REST_RPS", "0")], "`kis.rest_rps` 설정은 1 이상", "`kis.rest_rps` must be 1 or more"),
    env(&[("FSTS_KIS_REST_RPS", "fast")], "FSTS_KIS_REST_RPS", "`FSTS_KIS_REST_RPS` must be a whole number"),
    env(&[("FSTS_RISK_ORDER_WON_MAX", "-1")], "1 이상", "`risk.order_won_max` must be 1 or more"),
    env(&[("FSTS_RISK_ORDER_WON_MAXX", "1")], "FSTS_RISK_ORDER_WON_MAXX", "no setting `FSTS_RISK_ORDER_WON_MAXX`"),
    env(&[("FSTS_DECISION_LOG", "perhaps")], "true나 false", "must be true or false"),
];

const BOT: &str = "[[bots]]\nid = \"a\"\nstrategy = \"sma_cross\"\nsymbols = [\"005930\"]\nsizing = { shares = 1 }\n";

/// Every file that a case names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let bars = "code,date,open,high,low,close,volume\n005930,2024-03-04,70000,71000,69000,70500,10\n";
    write("bars.csv", bars);
    write("columns.csv", "code,date,open\n005930,2024-03-04,70000\n");
    write("damaged.parquet", "PAR1 this is no parquet file PAR1");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    std::fs::create_dir(folder.path().join("twice")).unwrap();
    write("twice/a.csv", bars);
    write("twice/b.csv", bars);
    write("damaged.toml", "mode = \"paper\"\nlisten = = 1\n");
    write("unknown.toml", "[risk]\norder_won_maxx = 1\n");
    let open = write("open.toml", "[kis]\napp_secret = \"canary-secret\"\n");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    write("bot_strategy.toml", &BOT.replace("sma_cross", "nonsense"));
    write("bot_symbol.toml", &BOT.replace("005930", "5930"));
    write("bot_sizing.toml", &BOT.replace("shares = 1", "shares = 0"));
    write("bot_sizing_word.toml", &BOT.replace("shares = 1", "lots = 1"));
    write("bot_without_id.toml", &BOT.replace("id = \"a\"\n", ""));
    write("bot_twice.toml", &format!("{BOT}{BOT}"));
    write("bot_manual.toml", &BOT.replace("\"a\"", "\"manual\""));
    folder
}

/// Runs a case in both languages and as JSON, and says what is wrong with the answers.
fn faults(case: &Case, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for (lang, words) in [("ko", case.ko), ("en", case.en)] {
        let mut arguments: Vec<&str> = case.arguments.split_whitespace().collect();
        arguments.extend(["--lang", lang]);
        let ended = fsts(folder, &arguments, case.variables);
        let sentence = ended.err.strip_prefix("fsts: ").unwrap_or_default();
        let is_korean = sentence.chars().any(|c| ('가'..='힣').contains(&c));
        // Names that the person gave may be in any language.
        let own_words = sentence.replace("삼성", "");
        let fine = ended.code == case.code
            && ended.out.is_empty()
            && sentence.ends_with('\n')
            && sentence.lines().count() == 1
            && sentence.contains(words)
            && is_korean == (lang == "ko" || own_words.len() != sentence.len())
            && !ended.err.contains("panicked")
            && !ended.err.contains("canary");
        if !fine {
            faults.push(format!("`{}` {:?} ({lang}, {}): {ended:?}", case.arguments, case.variables, case.code));
        }
    }
    let mut arguments: Vec<&str> = case.arguments.split_whitespace().collect();
    arguments.push("--json");
    let ended = fsts(folder, &arguments, case.variables);
    let error: serde_json::Value = serde_json::from_str(&ended.err).unwrap_or_default();
    let code = error["error"]["code"].as_str().unwrap_or_default();
    let known = [(FAILED, "failed"), (USAGE, "usage"), (CONFIG, "config"), (INPUT, "input")];
    if !known.contains(&(case.code, code)) || !ended.out.is_empty() || error["error"]["message"].as_str().is_none() {
        faults.push(format!("`{}` --json: {ended:?}", case.arguments));
    }
    faults
}

#[test]
fn every_wrong_argument_gives_one_sentence_in_both_languages_and_a_documented_exit_code() {
    let folder = folder();
    let faults: Vec<String> = ARGUMENTS.iter().flat_map(|case| faults(case, folder.path())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_wrong_setting_gives_one_sentence_in_both_languages_and_a_documented_exit_code() {
    let folder = folder();
    let faults: Vec<String> = SETTINGS.iter().flat_map(|case| faults(case, folder.path())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn config_check_says_which_value_applies_and_where_it_comes_from_without_any_secret() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("fsts.toml", &format!("mode = \"paper\"\ndata_dir = \"from-file\"\n[kis]\napp_key = \"canary-key\"\n{BOT}"));
    write(".env", "FSTS_KIS_APP_SECRET=canary-secret\nFSTS_DATA_DIR=from-dot-env\nFSTS_SESSION_CALENDAR=always-open\n");
    let variables = [("FSTS_DATA_DIR", "from-environment"), ("DATABASE_URL", "postgresql://u:canary-password@h/d")];
    let ended = fsts(folder.path(), &["config", "check", "--json"], &variables);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!ended.out.contains("canary"), "{ended:?}");
    let json = ended.json();
    let rows = json["settings"].as_array().unwrap();
    let row = |key: &str| {
        let row = rows.iter().find(|r| r["key"] == key).unwrap();
        (row["value"].as_str().map(str::to_owned), row["from"].as_str().unwrap().to_owned())
    };
    let value = |text: &str, from: &str| (Some(text.to_owned()), from.to_owned());
    assert_eq!(row("data_dir"), value("from-environment", "FSTS_DATA_DIR"));
    assert_eq!(row("session_calendar"), value("always-open", ".env FSTS_SESSION_CALENDAR"));
    assert_eq!(row("mode"), value("paper", "fsts.toml"));
    assert_eq!(row("listen"), value("127.0.0.1:8080", "default"));
    assert_eq!(row("kis.app_key"), value("set", "fsts.toml"));
    assert_eq!(row("kis.app_secret"), value("set", ".env FSTS_KIS_APP_SECRET"));
    assert_eq!(row("DATABASE_URL"), value("set", "DATABASE_URL"));
    assert_eq!(row("kis.account"), (None, "default".to_owned()));
}

#[test]
fn the_example_file_is_understood_and_changes_nothing_but_its_bots() {
    let folder = tempfile::tempdir().unwrap();
    let example = include_str!("../../../../fsts.example.toml");
    let uncommented: String = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            // A key that is shown without a default, or as an example.
            Some(rest)
                if rest
                    .split_once(" = ")
                    .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_')) =>
            {
                rest
            }
            _ => line,
        })
        .filter(|line| !line.starts_with("api_token") && !line.starts_with("clock = \"http"))
        .collect::<Vec<_>>()
        .join("\n");
    let check = |text: &str| {
        let path = folder.path().join("example.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        fsts(folder.path(), &["config", "check", "--config", "example.toml", "--json"], &[])
    };
    let values = |text: &str| {
        let ended = check(text);
        assert_eq!(ended.code, 0, "{ended:?}");
        let json = ended.json();
        let rows = json["settings"].as_array().unwrap().clone();
        rows.into_iter()
            .filter(|r| r["key"] != "bots")
            .map(|r| (r["key"].clone(), r["value"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(values(example), values(""));
    let keys: Vec<String> = values(&uncommented).iter().map(|(key, _)| key.as_str().unwrap().to_owned()).collect();
    for key in keys.iter().filter(|key| !key.chars().any(|c| c.is_ascii_uppercase())) {
        let name = key.rsplit('.').next().unwrap();
        let block = format!("[[{name}]]");
        assert!(
            example.contains(&format!("{name} = ")) || example.contains(&block),
            "`{key}` is not in fsts.example.toml"
        );
    }
}
