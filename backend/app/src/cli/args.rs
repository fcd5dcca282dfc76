//! What can be given on the command line.

use api::Role;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{net::IpAddr, path::PathBuf};

#[derive(Parser)]
#[command(
    name = "aurorasoc",
    version,
    about = "AuroraSOC without a window: server, import, scan, checks",
    after_help = "Examples:\n  \
        aurorasoc scan evidence/\n  \
        aurorasoc scan evidence/ --format jsonl --report scan.json > hits.jsonl\n  \
        aurorasoc scan evidence/ --rules rules/ --pipeline our-fields.yml --pipeline our-values.yml\n  \
        aurorasoc scan evidence/ --rules rules/ --explain RULE_ID\n  \
        aurorasoc rules check rules/ --format sarif > rules.sarif\n  \
        aurorasoc user add ann --role admin --password-stdin --data-dir ./case7 < password.txt\n  \
        aurorasoc rules import sigma_all_rules.zip --data-dir ./case7\n  \
        aurorasoc import evidence/ --data-dir ./case7\n  \
        aurorasoc serve --listen 127.0.0.1:8787 --data-dir ./case7\n\n\
        Nothing here makes a connection to anywhere. `aurorasoc COMMAND --help` says more of a command.\n\
        Exit codes: 0 done; 1 failed, or problems were found; 2 wrong usage, or something could not be read."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Clone)]
pub(super) struct DataDir {
    /// Folder of the workspace (default: the desktop's own)
    #[arg(long, value_name = "DIR", value_parser = super::folder())]
    pub data_dir: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct PipelineFiles {
    /// Sigma processing pipeline to read the rules through; repeatable, applied by priority
    ///
    /// YAML as pySigma has it: other names for fields, other log sources, values for %placeholders%. Rules that wait for
    /// values run once a pipeline gives them. Pipelines are applied from the lowest `priority` up, those of the same one in
    /// the order given. An error is printed with its line and a caret, and ends the command with exit code 2.
    #[arg(long = "pipeline", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Serve page and API without a window
    ///
    /// Runs until it is interrupted or terminated; jobs then pause where they can go on. Sign in as a user that `aurorasoc
    /// user add` made in the same workspace.
    Serve {
        /// Address and port, as 127.0.0.1:8787, localhost:8787 or [::1]:8787; port 0 takes a free one and prints it
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
    ///
    /// Where the workspace is open elsewhere, that process does the work. Originals are opened for reading only. What could
    /// not be read is named on standard error as `skipped`; what was read although something about it is doubtful as `noted`.
    /// Exit codes: 0 all of it was read, 1 failed, 2 some of it could not be read.
    Import {
        /// Files or folders
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Read all of it as this format, whatever the content says (evtx, json, csv, zeek, auditd, syslog, cef, leef, text, …)
        #[arg(long)]
        format: Option<String>,
        /// Zone of times that name none: Europe/Berlin, UTC, +02:00 (default: UTC, and the import says so)
        #[arg(long, value_name = "ZONE")]
        timezone: Option<String>,
        #[command(flatten)]
        dir: DataDir,
    },
    /// Import whatever comes into a folder, as long as the workspace is open in a window or by `serve`
    ///
    /// Each file is imported once, as soon as it has not changed for 2 seconds; folders in it are looked into 8 deep,
    /// symbolic links are not followed. Originals are opened for reading only.
    Watch {
        /// The folder
        #[arg(required_unless_present = "off")]
        folder: Option<PathBuf>,
        /// Watch no folder any more
        #[arg(long, conflicts_with = "folder")]
        off: bool,
        /// Why, for the history of the settings
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        dir: DataDir,
    },
    /// Match rules against files without a workspace: one match a line
    ///
    /// Matches go to standard output; what could not be read, and which rules took no part and why, to standard error.
    ///
    /// The keys of a line of JSON are rule_id, title, level, file, record_id, timestamp, host and matched (the fields that made the
    /// rule match). level is null where the rule has none, timestamp where the event has none. A correlation rule that fired has
    /// an empty file, no record_id, the time of its first event as timestamp, its group as matched, and three keys more: last (the
    /// time of its last event), events (how many contributed) and value (what it measured).
    ///
    /// Exit codes: 0 all files were read, whether or not something matched; 1 failed; 2 wrong usage, or something could not be
    /// read. Rules that do not load are named on standard error and do not change the exit code, unless --strict is given.
    Scan(ScanArgs),
    /// Sigma rules
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Check everything that a workspace holds: pages, hashes, chains
    ///
    /// Exit codes: 0 nothing is wrong, 1 there are faults or the check failed.
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

#[derive(Args)]
pub(super) struct ScanArgs {
    /// Files or folders
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Sigma rules instead of the program's own: a file, a folder or a zip
    #[arg(long, value_name = "FILE|FOLDER|ZIP")]
    pub rules: Option<PathBuf>,
    #[command(flatten)]
    pub pipelines: PipelineFiles,
    /// How matches are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Instead of matches: why this rule matches, or just misses, the events of its log source
    ///
    /// Where it matches and just misses none, the event that it misses by the least is shown. Of a correlation rule: what its
    /// base rules gave it and what came of it. Ids compare without case. --format does not go for this.
    #[arg(long, value_name = "RULE_ID")]
    pub explain: Option<String>,
    /// Also write what came of every rule and every file to this file, as JSON
    ///
    /// An object: rules, correlations and filters, each with id, title, file, line, state (ran, no_chance, needs_configuration,
    /// not_run or not_loaded), reason and matches; correlations with base_rules and shortfalls, filters with applied and
    /// problems; sources, each with file, format, records, matches, members, skipped and notes.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// With --report: also measure what each rule costs, in nanoseconds (makes the scan much slower)
    #[arg(long, requires = "report")]
    pub measure: bool,
    /// End with exit code 2 when a rule does not load
    #[arg(long)]
    pub strict: bool,
}

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add a user
    ///
    /// The first one of a workspace is best an admin. An api_service has no password: it works by API keys.
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
pub(super) enum RulesCommand {
    /// Import Sigma rules into a workspace as a pack; again under the same name updates it
    ///
    /// YAML documents that are processing pipelines (`transformations` or `vars`, and no detection) go into the workspace
    /// beside the pack: every rule is read through them. One of the same name is written over; one that was switched off
    /// stays off. Exit codes: 0 done, 1 failed, 2 something did not load.
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
    ///
    /// A rule that does not load is an error (AURORA-4222). A rule that is valid and would not run here is a warning, as are
    /// a filter that names a rule it can't be applied to, and a pipeline among the rules; warnings do not change the exit code.
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
pub(super) enum CheckFormat {
    /// Source lines with a caret, for people
    Human,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
}

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Every value and where it comes from: default, config.toml, environment or command line
    Show {
        #[command(flatten)]
        dir: DataDir,
    },
}

/// How `scan` prints.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Columns for people, as wide as COLUMNS says (else 120, or 200 into a file or pipe); what does not fit is cut
    Table,
    /// One JSON object a line, nothing cut; control and bidi characters as \uXXXX
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        assert!(
            Cli::try_parse_from(["aurorasoc", "scan", "x", "--measure"]).is_err(),
            "it goes into the report"
        );
    }
}
