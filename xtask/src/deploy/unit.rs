//! The systemd unit: what must be in it, also where no systemd is there to read it.

/// Lines that take away what the program doesn't need, and how a stop and a failed start are treated.
const WANTED: [&str; 14] = [
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "MemoryDenyWriteExecute=yes",
    "CapabilityBoundingSet=",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "SystemCallFilter=@system-service",
    "DynamicUser=yes",
    "StateDirectoryMode=0700",
    "UMask=0077",
    "Restart=on-failure",
    "KillSignal=SIGTERM",
];

const SECTIONS: [&str; 3] = ["[Unit]", "[Service]", "[Install]"];

/// What is wrong with a unit, a sentence each.
#[must_use]
pub fn check(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let mut findings = Vec::new();
    for line in &lines {
        let is_section = line.starts_with('[');
        if is_section && !SECTIONS.contains(line) {
            findings.push(format!("{line} is no section of a service"));
        }
        if !is_section && !line.split_once('=').is_some_and(|(key, _)| key.chars().all(char::is_alphanumeric)) {
            findings.push(format!("`{line}` is no setting"));
        }
    }
    let missing = SECTIONS.iter().chain(&WANTED).filter(|wanted| !lines.contains(wanted));
    findings.extend(missing.map(|wanted| format!("{wanted} is missing")));
    let starts: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix("ExecStart=")).collect();
    if starts.len() != 1 || !starts.iter().all(|s| s.starts_with('/')) {
        findings.push("one ExecStart with a full path is wanted".to_owned());
    }
    let told = lines.iter().filter_map(|l| l.strip_prefix("Environment="));
    let secret = |l: &&str| ["KEY", "SECRET", "TOKEN", "PASSWORD"].iter().any(|w| l.contains(w));
    findings.extend(told.filter(secret).map(|l| format!("{l}: anybody may read a unit")));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> String {
        format!("[Unit]\nDescription=x\n[Service]\nExecStart=/bin/x\n{}\n[Install]\n", WANTED.join("\n"))
    }

    #[test]
    fn a_sound_unit_has_no_findings_and_each_fault_has_one() {
        assert_eq!(check(&good()), Vec::<String>::new());
        for (right, wrong) in [
            ("[Install]", "[Instal]"),
            ("Description=x", "Description x"),
            ("ExecStart=/bin/x", "ExecStart=x"),
            ("NoNewPrivileges=yes", "NoNewPrivileges=no"),
            ("Description=x", "Environment=API_TOKEN=x"),
        ] {
            assert!(!check(&good().replace(right, wrong)).is_empty(), "{wrong}");
        }
    }
}
