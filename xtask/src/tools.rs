//! Programs that a task needs besides cargo, and the one line that installs what is missing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Oldest Node.js that builds the page (`engines` in `web/package.json`).
const NODE_OLDEST: (u32, u32) = (20, 19);

/// What the tools are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `make demo`: the compiler's linker and the page.
    Demo,
    /// `make test`: also PostgreSQL and Redis servers, and a browser with Korean letters.
    Test,
}

/// A program or file, and the Debian packages that bring it.
struct Tool {
    name: &'static str,
    packages: &'static str,
    for_demo: bool,
    is_there: fn() -> bool,
}

const TOOLS: [Tool; 8] = [
    Tool { name: "C compiler", packages: "build-essential", for_demo: true, is_there: || find("cc").is_some() },
    Tool { name: "git", packages: "git", for_demo: false, is_there: || find("git").is_some() },
    Tool {
        name: "Node.js with npm",
        packages: "nodejs npm",
        for_demo: true,
        is_there: || find("node").is_some() && find("npm").is_some(),
    },
    Tool {
        name: "PostgreSQL server",
        packages: "postgresql",
        for_demo: false,
        is_there: || crate::postgres::programs().is_some(),
    },
    Tool {
        name: "Python with venv",
        packages: "python3-venv",
        for_demo: false,
        is_there: crate::python::can_make_environments,
    },
    Tool { name: "Redis", packages: "redis-server", for_demo: false, is_there: || find("redis-server").is_some() },
    Tool { name: "Chromium", packages: "chromium", for_demo: false, is_there: || find("chromium").is_some() },
    Tool { name: "Korean letters", packages: "fonts-noto-cjk", for_demo: false, is_there: has_korean_font },
];

/// Where `program` stands in the search path.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether this process may install packages.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The line that installs `packages` on Debian.
#[must_use]
pub fn install_line(packages: &str) -> String {
    format!("sudo apt-get install -y {packages}")
}

/// Sees to it that the tools are there: root on Debian installs what is missing, anybody else is told the line.
///
/// # Errors
/// Where something stays missing; the message holds the line that installs it.
pub fn ensure(purpose: Purpose) -> Result<()> {
    let missing = missing(purpose);
    if missing.is_empty() || !is_root() || find("apt-get").is_none() {
        return check(purpose);
    }
    let (names, packages) = names_and_packages(&missing);
    println!("installing {names}: {packages}");
    install(&packages)?;
    check_node()
}

/// The folder of the Python environment `name`, made first where it isn't there: see [`crate::python`].
///
/// # Errors
/// Where Python or a package can't be had.
pub fn python_env(root: &Path, name: &str) -> Result<PathBuf> {
    crate::python::environment(root, name)
}

/// Whether all that the tests need is there; installs nothing.
///
/// # Errors
/// With what is missing and the line that installs it.
pub fn check(purpose: Purpose) -> Result<()> {
    let missing = missing(purpose);
    if missing.is_empty() {
        return check_node();
    }
    let (names, packages) = names_and_packages(&missing);
    bail!("missing: {names}. Install with:\n  {}", install_line(&packages))
}

fn names_and_packages(tools: &[&Tool]) -> (String, String) {
    let names: Vec<&str> = tools.iter().map(|t| t.name).collect();
    let packages: Vec<&str> = tools.iter().map(|t| t.packages).collect();
    (names.join(", "), packages.join(" "))
}

fn missing(purpose: Purpose) -> Vec<&'static Tool> {
    TOOLS.iter().filter(|t| (t.for_demo || purpose == Purpose::Test) && !(t.is_there)()).collect()
}

fn install(packages: &str) -> Result<()> {
    let run = |arguments: &[&str]| -> Result<()> {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        let status = command.status().context("can't start apt-get")?;
        if !status.success() {
            bail!("apt-get failed; try it by hand:\n  {}", install_line(packages));
        }
        Ok(())
    };
    run(&["update", "-q"])?;
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(packages.split(' '));
    run(&arguments)
}

/// Whether Node.js is new enough for the page.
///
/// # Errors
/// With the version that was found and what to do.
pub fn check_node() -> Result<()> {
    let output = Command::new("node").arg("--version").output();
    let output =
        output.with_context(|| format!("Node.js is missing. Install with:\n  {}", install_line("nodejs npm")))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let (major, minor) = NODE_OLDEST;
    if parse_version(&text).is_none_or(|version| version < NODE_OLDEST) {
        bail!("Node.js {text} is too old for the page: {major}.{minor} or newer is needed, see https://nodejs.org");
    }
    Ok(())
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim_start_matches('v').split('.').map(|n| n.parse::<u32>().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn has_korean_font() -> bool {
    if let Ok(output) = Command::new("fc-list").args([":lang=ko", "family"]).output() {
        return !output.stdout.is_empty();
    }
    ["/usr/share/fonts/opentype/noto", "/usr/share/fonts/truetype/noto"].iter().any(|f| Path::new(f).is_dir())
}

/// All tools and whether they are there, a line each.
#[must_use]
pub fn report() -> String {
    let mut text = String::new();
    for tool in &TOOLS {
        let state = if (tool.is_there)() { "found" } else { "missing" };
        // Writing to a string can't fail.
        let _infallible = writeln!(text, "{:<18} {state:<8} {}", tool.name, tool.packages);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_compared_by_number() {
        assert!(parse_version("v20.20.2").unwrap() >= NODE_OLDEST);
        assert!(parse_version("v18.19.0").unwrap() < NODE_OLDEST);
        assert!(parse_version("v100.0.0").unwrap() > NODE_OLDEST);
        assert_eq!(parse_version("not installed"), None);
    }

    #[test]
    fn a_program_that_nobody_has_is_not_found() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program-anywhere").is_none());
    }
}
