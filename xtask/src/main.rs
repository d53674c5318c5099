//! `cargo xtask TASK`: the tasks behind the Makefile.

use std::process::ExitCode;

use anyhow::Result;
use xtask::suite::{self, Plan};
use xtask::tidy::Finding;
use xtask::tools::{self, Purpose};
use xtask::{arrows, bench, book, dashboard, demo, deploy, node, page, python, repo, tidy};

const USAGE: &str = "cargo xtask TASK
  tidy              check the house rules and the arrows between the crates
  check             what is quick: format, lints, house rules, unit tests
  test-all          everything that decides; ends with `N passed, N failed, N skipped`
  deps [demo|test]  install what is missing (root on Debian), or print the line that does
  python-env [NAME] make the Python environments of the tests; the last line is for your shell
  node-env          install the npm programs of the tests; the last line is for your shell
  deploy            check the image, the units, the workflows and the definitions for AWS
  book              build both books, in target/book
  dashboard         the demo's page in a real browser; FSTS_FULL=1 looks at all of it
  screenshots       pictures of every page, in target/screenshots
  bench             the benchmarks; BENCH_DATA=DIR adds the workloads w2 and w7
  page              build the page in web/
  demo [ARGS]       build and start `fsts demo ARGS`; --no-page leaves the page out";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let root = repo::root();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tidy"] => {
            let mut findings = tidy::check_tree(&root)?;
            findings.extend(arrows::check_tree(&root)?);
            return Ok(report(&findings));
        }
        ["check"] => return Ok(exit_code(suite::run(&root, Plan::Check)?.failed)),
        ["test-all"] => return Ok(exit_code(suite::run(&root, Plan::All)?.failed)),
        ["deps", "demo"] => tools::ensure(Purpose::Demo)?,
        ["deps"] | ["deps", "test"] => tools::ensure(Purpose::Test)?,
        ["deps", "list"] => print!("{}", tools::report()),
        ["python-env"] => println!("export {}={}", python::VARIABLE, python::all(&root)?.display()),
        ["python-env", name] => {
            tools::python_env(&root, name)?;
            println!("export {}={}", python::VARIABLE, python::folder(&root).display());
        }
        ["node-env"] => println!("export {}={}", node::VARIABLE, node::all(&root)?.display()),
        ["deploy"] => return Ok(exit_code(deploy::run(&root)?.failed)),
        ["book"] => book::build(&root)?,
        ["dashboard"] => return Ok(exit_code(dashboard::run(&root)?.failed)),
        ["screenshots"] => dashboard::screenshots(&root)?,
        ["bench"] => bench::run(&root)?,
        ["page"] => page::build(&root)?,
        ["demo", ..] => demo::run(&root, arguments.get(1..).unwrap_or_default())?,
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn exit_code(failed: u64) -> ExitCode {
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(findings: &[Finding]) -> ExitCode {
    findings.iter().for_each(|f| println!("{f}"));
    println!("{} findings", findings.len());
    exit_code(u64::try_from(findings.len()).unwrap_or(u64::MAX))
}
