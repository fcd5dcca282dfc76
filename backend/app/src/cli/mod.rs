//! The subcommands.

mod args;
mod bounds;
mod csv;
mod explain;
mod matches;
mod orders;
mod out;
mod owner;
mod pipelines;
mod plain;
mod report;
mod roll;
mod rules;
mod sarif;
mod scan;
mod serve;
mod show;
mod sources;
mod sums;
mod table;
mod turns;

use crate::config::{self, Config, Flags};
use args::{Cli, Command, ConfigCommand, RulesCommand, UserCommand};
use clap::{
    Parser as _,
    builder::{PathBufValueParser, TypedValueParser},
};
use figment::value::Value;
use server::siem::Told;
use std::{path::PathBuf, process::ExitCode};

/// Something a command can't do: its exit code and why.
#[derive(Debug)]
pub(crate) struct Exit(pub(crate) u8, pub(crate) String);

impl From<crate::Problem> for Exit {
    fn from(p: crate::Problem) -> Self {
        Exit(1, p.to_string())
    }
}

/// Parses the command line, does it, and says how it went.
pub fn run() -> ExitCode {
    kernel::platform::harden();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(r) => r,
        Err(e) => {
            out::say(format_args!("aurorasoc: no threads can be started: {e}"));
            return ExitCode::FAILURE;
        }
    };
    let done = show::sound_file().and_then(|()| runtime.block_on(command(cli.command)));
    match done {
        Ok(code) => ExitCode::from(code),
        Err(Exit(code, text)) => {
            out::say(format_args!("aurorasoc: {text}"));
            ExitCode::from(code)
        }
    }
}

fn config(flags: Vec<(&'static str, Option<Value>)>) -> Result<Config, Exit> {
    let given = flags.into_iter().filter_map(|(k, v)| Some((k, v?))).collect();
    config::layers(Flags(given)).extract().map_err(|e| Exit(2, format!("configuration: {e}")))
}

/// A folder that configuration and databases can name: its path is UTF-8.
pub(crate) fn folder() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|dir| match dir.to_str() {
        Some(_) => Ok(dir),
        None => Err("the path of a workspace must be UTF-8"),
    })
}

fn path(p: Option<PathBuf>) -> Option<Value> {
    p.map(|p| Value::from(p.to_string_lossy().into_owned()))
}

/// Work that blocks, off the runtime's own threads.
async fn blocking(work: impl FnOnce() -> Result<u8, Exit> + Send + 'static) -> Result<u8, Exit> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Exit(1, e.to_string()))?
}

async fn command(c: Command) -> Result<u8, Exit> {
    match c {
        Command::Serve { listen, behind_proxy, dir } => {
            let flags = vec![
                ("listen", listen.map(Value::from)),
                ("behind_proxy", behind_proxy.map(|p| Value::from(p.to_string()))),
                ("data_dir", path(dir.data_dir)),
            ];
            serve::serve(config(flags)?).await
        }
        Command::User { command: UserCommand::Add { name, role, password_stdin, dir } } => {
            orders::user_add(config(vec![("data_dir", path(dir.data_dir))])?, name, role, password_stdin)
                .await
        }
        Command::Import { paths, format, timezone, dir } => {
            let told = Told { format, timezone };
            orders::import(config(vec![("data_dir", path(dir.data_dir))])?, paths, told).await
        }
        Command::Watch { folder, off: _, reason, dir } => {
            orders::watch(config(vec![("data_dir", path(dir.data_dir))])?, folder, reason).await
        }
        Command::Doctor { dir } => orders::doctor(config(vec![("data_dir", path(dir.data_dir))])?).await,
        Command::Scan(args) => blocking(move || scan::scan(&args)).await,
        Command::Rules { command } => match command {
            RulesCommand::Import { paths, name, disabled, dir } => {
                rules::import(config(vec![("data_dir", path(dir.data_dir))])?, paths, name, !disabled).await
            }
            RulesCommand::Check { paths, pipelines, format } => {
                blocking(move || rules::check(&paths, &pipelines.files, format)).await
            }
            RulesCommand::List { query, pack, json, dir } => {
                rules::list(config(vec![("data_dir", path(dir.data_dir))])?, query, pack, json).await
            }
        },
        Command::Config { command: ConfigCommand::Show { dir } } => {
            show::show(path(dir.data_dir).map(|v| ("data_dir", v)).into_iter().collect())
        }
    }
}
