//! Who may do what in chat, by user id; nobody where nobody is named.

/// What a person may do; a later one includes the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Look.
    View,
    /// Stop trading.
    Trade,
    /// Everything.
    Own,
}

/// The people of the settings.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    /// The only server in which commands work; direct messages don't.
    pub guild: Option<String>,
    /// `DISCORD_OWNER_USER_IDS`.
    pub owners: Vec<String>,
    /// `DISCORD_TRADER_USER_IDS`.
    pub traders: Vec<String>,
    /// `DISCORD_VIEWER_USER_IDS`.
    pub viewers: Vec<String>,
}

impl Rights {
    /// What a user may do in a server; `None` for a stranger, another server or a direct message.
    pub fn of(&self, user: &str, guild: Option<&str>) -> Option<Right> {
        let here = guild.is_some_and(|guild| self.guild.as_deref().is_none_or(|ours| ours == guild));
        let listed = |list: &[String]| list.iter().any(|id| id == user);
        match (here, listed(&self.owners), listed(&self.traders), listed(&self.viewers)) {
            (false, ..) => None,
            (true, true, ..) => Some(Right::Own),
            (true, _, true, _) => Some(Right::Trade),
            (true, _, _, true) => Some(Right::View),
            (true, false, false, false) => None,
        }
    }
}

/// User ids of a comma list; `None` where one is no id.
pub fn user_ids(text: &str) -> Option<Vec<String>> {
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    ids.map(|id| is_id(id).then(|| id.to_owned())).collect()
}

/// The service's ids are whole numbers of up to 20 digits.
pub fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// A public key of 64 hexadecimal digits.
pub fn public_key(text: &str) -> Option<[u8; 32]> {
    unhex(text.trim())?.try_into().ok()
}

/// Bytes of hexadecimal digits.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_hold_in_the_named_server_only() {
        let list = |id: &str| vec![id.to_owned()];
        let rights = Rights { guild: Some("9".to_owned()), owners: list("1"), traders: list("2"), viewers: list("3") };
        let cases = [("1", Some(Right::Own)), ("2", Some(Right::Trade)), ("3", Some(Right::View)), ("4", None)];
        for (user, right) in cases {
            assert_eq!(rights.of(user, Some("9")), right, "{user}");
            assert_eq!(rights.of(user, Some("8")), None, "another server");
            assert_eq!(rights.of(user, None), None, "a direct message");
        }
        assert_eq!(Rights::default().of("", Some("9")), None);
    }

    #[test]
    fn ids_and_keys_are_checked() {
        assert_eq!(user_ids("12, 34,,").unwrap(), ["12", "34"]);
        assert!(user_ids("12,@everyone").is_none() && !is_id(""));
        assert_eq!(public_key(&"0f".repeat(32)).unwrap(), [0x0f; 32]);
        for bad in ["", "0", "zz", &"0f".repeat(31), &"0g".repeat(32)] {
            assert!(public_key(bad).is_none(), "{bad}");
        }
    }
}
