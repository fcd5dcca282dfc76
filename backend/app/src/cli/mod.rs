//! The subcommands.

mod csv;
mod explain;
mod orders;
mod pipelines;
mod rules;
mod sarif;
mod scan;
mod serve;
mod turns;

use crate::config::{self, Config, Flags};
use api::Role;
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PathBufValueParser, TypedValueParser},
};
use figment::value::Value;
use std::{net::IpAddr, path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(
    name = "aurorasoc",
    version,
    about = "AuroraSOC without a window: server, import, scan, checks",
    after_help = "Examples:\n  aurorasoc scan evidence/ --format jsonl > hits.jsonl\n  \
        aurorasoc user add ann --role admin --password-stdin --data-dir ./case7 < password.txt\n  \
        aurorasoc import evidence/ --data-dir ./case7\n  aurorasoc rules import sigma_all_rules.zip --data-dir ./case7\n  \
        aurorasoc rules check rules/ --format sarif > rules.sarif\n  \
        aurorasoc scan evidence/ --rules rules/ --pipeline our-fields.yml --pipeline our-values.yml\n  aurorasoc serve --listen 127.0.0.1:8787 --data-dir ./case7\n\n\
        Nothing here makes a connection to anywhere. Exit codes: 0 done, 1 failed, 2 wrong usage or something unreadable."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone)]
struct DataDir {
    /// Folder of the workspace (default: the desktop's own)
    #[arg(long, value_name = "DIR", value_parser = folder())]
    data_dir: Option<PathBuf>,
}

#[derive(Args)]
struct PipelineFiles {
    /// Sigma processing pipeline to read the rules through; repeatable, applied by priority
    ///
    /// YAML as pySigma has it: other names for fields, other log sources, values for %placeholders%. Rules that wait for
    /// values run once a pipeline gives them. Pipelines are applied from the lowest `priority` up, those of the same one in
    /// the order given. An error is printed with its line and a caret, and ends the command with exit code 2.
    #[arg(long = "pipeline", value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve page and API without a window
    Serve {
        /// Address and port; port 0 takes a free one and prints it
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
        /// Address of the TLS proxy in front; a must for any address that is not loopback
        #[arg(long, value_name = "IP")]
        behind_proxy: Option<IpAddr>,
        #[command(flatten)]
        dir: DataDir,
    },
    /// Users of a workspace
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Read files and folders into a workspace: events, matches, alerts
    Import {
        /// Files or folders
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        dir: DataDir,
    },
    /// Match rules against files without a workspace: one match a line
    Scan {
        /// Files or folders
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Sigma rules instead of the program's own: a file, a folder or a zip
        #[arg(long, value_name = "FOLDER|ZIP")]
        rules: Option<PathBuf>,
        #[command(flatten)]
        pipelines: PipelineFiles,
        /// How matches are printed
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Instead of matches: why this rule matches, or just misses, the events of its log source
        #[arg(long, value_name = "RULE_ID")]
        explain: Option<String>,
    },
    /// Sigma rules
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Check everything that a workspace holds: pages, hashes, chains
    Doctor {
        #[command(flatten)]
        dir: DataDir,
    },
    /// The configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a user
    Add {
        /// 1 to 64 letters, digits, . _ - @
        name: String,
        /// admin, analyst, operator, viewer or api_service
        #[arg(long, value_parser = role)]
        role: Role,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        dir: DataDir,
    },
}

#[derive(Subcommand)]
enum RulesCommand {
    /// Import Sigma rules into a workspace as a pack; again under the same name updates it
    ///
    /// YAML documents that are processing pipelines (`transformations` or `vars`, and no detection) go into the workspace
    /// beside the pack: every rule is read through them. One of the same name is written over; one that was switched off
    /// stays off.
    Import {
        /// Files, folders or zips (SigmaHQ's release as it comes)
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Name of the pack (default: the first path's own name)
        #[arg(long)]
        name: Option<String>,
        /// Import without switching new rules and pipelines on
        #[arg(long)]
        disabled: bool,
        #[command(flatten)]
        dir: DataDir,
    },
    /// Check rule files without a workspace: exit code 0 good, 1 problems, 2 something could not be read
    Check {
        /// Files, folders or zips
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        pipelines: PipelineFiles,
        /// How problems are printed
        #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
        format: CheckFormat,
    },
    /// Rules of a workspace
    List {
        /// Part of title, id, author or a tag
        #[arg(long)]
        query: Option<String>,
        /// Only of this pack
        #[arg(long)]
        pack: Option<String>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        dir: DataDir,
    },
}

/// How `rules check` prints.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// Source lines with a caret, for people
    Human,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Every value and where it comes from
    Show {
        #[command(flatten)]
        dir: DataDir,
    },
}

/// How `scan` prints.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people
    Table,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated, with cells made harmless that a spreadsheet would run
    Csv,
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| {
        format!(
            "not a role; known are {}",
            Role::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ")
        )
    })
}

/// Something a command can't do: its exit code and why.
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
            eprintln!("aurorasoc: no threads can be started: {e}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(command(cli.command)) {
        Ok(code) => ExitCode::from(code),
        Err(Exit(code, text)) => {
            eprintln!("aurorasoc: {text}");
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
        Command::Import { paths, dir } => {
            orders::import(config(vec![("data_dir", path(dir.data_dir))])?, paths).await
        }
        Command::Doctor { dir } => orders::doctor(config(vec![("data_dir", path(dir.data_dir))])?).await,
        Command::Scan { paths, rules, pipelines, format, explain } => {
            let work =
                move || scan::scan(&paths, rules.as_deref(), &pipelines.files, format, explain.as_deref());
            tokio::task::spawn_blocking(work).await.map_err(|e| Exit(1, e.to_string()))?
        }
        Command::Rules { command } => match command {
            RulesCommand::Import { paths, name, disabled, dir } => {
                rules::import(config(vec![("data_dir", path(dir.data_dir))])?, paths, name, !disabled).await
            }
            RulesCommand::Check { paths, pipelines, format } => {
                let work = move || rules::check(&paths, &pipelines.files, format);
                tokio::task::spawn_blocking(work).await.map_err(|e| Exit(1, e.to_string()))?
            }
            RulesCommand::List { query, pack, json, dir } => {
                rules::list(config(vec![("data_dir", path(dir.data_dir))])?, query, pack, json).await
            }
        },
        Command::Config { command: ConfigCommand::Show { dir } } => {
            let given = path(dir.data_dir).map(|v| ("data_dir", v)).into_iter().collect();
            let layers = config::layers(Flags(given));
            layers.extract::<Config>().map_err(|e| Exit(2, format!("configuration: {e}")))?;
            println!("file: {}", config::file().display());
            for (name, value, origin) in config::origins(&layers) {
                println!("{name} = {value}    # {origin}");
            }
            Ok(0)
        }
    }
}
