//! `[[accounts]]`: more accounts than the one of `[kis]`, or others in its place.

use secrecy::{ExposeSecret, SecretString};

use super::raw::RawAccount;
use super::{AccountSettings, KisSettings, check};
use crate::messages::{Text, settings as say};

/// Name of the account of `[kis]`.
pub const MAIN: &str = "main";
const NAME_MAX: usize = 20;
/// Each account has an engine, a journal and a stream of its own.
const ACCOUNTS_MAX: usize = 8;

/// The account of `[kis]`, unless others are named and it has no number, then the others.
pub fn accounts(raw: Vec<RawAccount>, kis: &KisSettings) -> Result<Vec<AccountSettings>, Text> {
    let mut accounts: Vec<AccountSettings> = Vec::with_capacity(raw.len() + 1);
    if raw.is_empty() || kis.account.is_some() {
        accounts.push(AccountSettings { name: MAIN.to_owned(), kis: kis.clone() });
    }
    for raw in raw {
        let account = account(raw, kis)?;
        if accounts.iter().any(|a| a.name == account.name) {
            return Err(say::account_twice(&account.name));
        }
        if accounts.iter().any(|a| a.kis.account.is_some() && a.kis.account == account.kis.account) {
            return Err(say::account_number_twice(&account.name));
        }
        let key = |a: &KisSettings| a.app_key.as_ref().map(|key| key.expose_secret().to_owned());
        // The broker lets an app key have one stream, and an engine without notices may not trade.
        if accounts.iter().any(|a| a.kis.app_key.is_some() && key(&a.kis) == key(&account.kis)) {
            return Err(say::account_key_twice(&account.name));
        }
        accounts.push(account);
    }
    if accounts.len() > ACCOUNTS_MAX { Err(say::too_many_accounts(ACCOUNTS_MAX)) } else { Ok(accounts) }
}

fn account(raw: RawAccount, kis: &KisSettings) -> Result<AccountSettings, Text> {
    let RawAccount { name, app_key, app_secret, account, hts_id, rest_rps } = raw;
    let fits = (1..=NAME_MAX).contains(&name.len());
    if !fits || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(say::account_name(&name, NAME_MAX));
    }
    let filled = |text: Option<String>| text.filter(|t| !t.is_empty());
    if rest_rps == Some(0) {
        return Err(say::not_positive(&format!("accounts.{name}.rest_rps")));
    }
    let kis = KisSettings {
        place: format!("accounts.{}", name.replace('-', "_")),
        app_key: filled(app_key).map(SecretString::from),
        app_secret: filled(app_secret).map(SecretString::from),
        account: check::account(filled(account))?,
        hts_id: check::hts_id(filled(hts_id).or_else(|| kis.hts_id.clone()))?,
        rest_rps: rest_rps.or(kis.rest_rps),
        ..kis.clone()
    };
    Ok(AccountSettings { name, kis })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::settings::{Settings, Sources};

    const TWO: &str = "[kis]\napp_key = 'k1'\napp_secret = 's1'\naccount = '5000000101'\nhts_id = 'one'\n\
        [[accounts]]\nname = 'second'\napp_key = 'k2'\napp_secret = 's2'\naccount = '5000000201'\n";
    const BOT: &str = "[[bots]]\nid = 'b'\nstrategy = 'sma_cross'\nsymbols = ['005930']\nsizing = { shares = 1 }\n";

    fn read(file: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables: BTreeMap<_, _> = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let file = Some(("f.toml".to_owned(), file.to_owned()));
        Settings::read(&Sources { file, variables, ..Sources::default() }).map_err(|f| f.text.en)
    }

    fn names(settings: &Settings) -> Vec<&str> {
        settings.accounts.iter().map(|a| a.name.as_str()).collect()
    }

    #[test]
    fn the_single_account_keys_alone_mean_one_account() {
        let settings = read(BOT, &[("FSTS_KIS_ACCOUNT", "5000000101")]).unwrap();
        assert_eq!((names(&settings), settings.bots[0].account.as_str()), (vec!["main"], "main"));
        let missing = settings.accounts[0].kis.login().err().unwrap().text.en;
        assert!(missing.contains("`kis.app_key`") && missing.contains("FSTS_KIS_APP_KEY"), "{missing}");
    }

    #[test]
    fn blocks_add_to_the_main_account_or_stand_in_its_place() {
        let settings = read(&format!("{TWO}{BOT}account = 'second'\n"), &[]).unwrap();
        assert_eq!((names(&settings), settings.bots[0].account.as_str()), (vec!["main", "second"], "second"));
        assert_eq!(settings.accounts[1].kis.hts_id.as_deref(), Some("one"), "what a block leaves out is shared");
        let alone = "[[accounts]]\nname = 'a-1'\n[[accounts]]\nname = 'b'\n";
        let settings = read(alone, &[("FSTS_ACCOUNTS_A_1_APP_KEY", "from the environment")]).unwrap();
        assert_eq!(names(&settings), ["a-1", "b"]);
        let missing = |n: usize| settings.accounts[n].kis.login().err().unwrap().text.en;
        assert!(missing(0).contains("FSTS_ACCOUNTS_A_1_APP_SECRET"), "{}", missing(0));
        assert!(missing(1).contains("FSTS_ACCOUNTS_B_APP_KEY"), "{}", missing(1));
    }

    #[test]
    fn accounts_that_would_disturb_each_other_are_refused() {
        let cases = [
            ("name = 'second'", "given twice"),
            ("name = 'Third'", "`Third`"),
            ("name = 'third'\napp_key = 'k1'", "app key"),
            ("name = 'third'\naccount = '50000001-01'", "account number"),
            ("name = 'third'\nmode = 'live'", "mode"),
        ];
        for (block, word) in cases {
            let said = read(&format!("{TWO}[[accounts]]\n{block}\n"), &[]).unwrap_err();
            assert!(said.contains(word), "{block}: {said}");
            assert!(!said.contains("k1") && !said.contains("50000001"), "{said}");
        }
        let said = read(&format!("{TWO}{BOT}account = 'nobody'\n"), &[]).unwrap_err();
        assert!(said.contains("`nobody`"), "{said}");
    }

    #[test]
    fn every_accounts_secrets_are_known_as_such() {
        use secrecy::ExposeSecret;
        let secrets = read(TWO, &[]).unwrap().secrets();
        for value in ["k1", "s1", "k2", "s2", "5000000201"] {
            assert!(secrets.iter().any(|s| s.expose_secret() == value), "{value}");
        }
    }
}
