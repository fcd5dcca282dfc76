//! Made-up logs of a network, the same for the same number: process starts, connections, sign-ins, web requests of 600
//! hosts and 2,000 users, as ECS lines of JSON of about 600 bytes.

use std::fmt::Write as _;

/// Randomness from a number (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of a number.
    pub fn new(n: u64) -> Dice {
        Dice(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, each as likely.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// Below `n`, small ones far more likely, as names in logs are.
    fn few(&mut self, n: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((n as f64).powf(unit) - 1.0) as u64 % n.max(1)
    }
}

const FIRST: &[&str] =
    &["anna", "ben", "carla", "david", "eva", "felix", "greta", "hans", "ines", "jan", "karin", "lars"];
const LAST: &[&str] =
    &["weber", "fischer", "keller", "brandt", "vogel", "sommer", "hartmann", "lorenz", "busch", "kuhn"];
const TOOLS: &[&str] = &[
    "svchost",
    "chrome",
    "powershell",
    "cmd",
    "explorer",
    "outlook",
    "teams",
    "msedge",
    "conhost",
    "rundll32",
    "wmiprvse",
    "taskhostw",
    "backgroundtransfer",
    "searchindexer",
    "onedrive",
    "winword",
    "excel",
    "python",
    "git",
    "java",
];
const FOLDERS: &[&str] = &[
    "Windows\\\\System32",
    "Program Files\\\\Vendor",
    "Program Files (x86)\\\\Common",
    "ProgramData\\\\Agent",
];
const WORDS: &[&str] = &[
    "update", "check", "report", "archive", "silent", "verbose", "install", "remove", "status", "policy",
    "backup", "export", "invoice", "customer", "quarter", "budget", "meeting", "template", "session",
    "profile", "cache", "token", "index",
];
const SITES: &[&str] =
    &["intranet", "mail", "files", "portal", "cdn", "api", "login", "static", "media", "search"];

fn hex(dice: &mut Dice, digits: usize, out: &mut String) {
    for i in 0..digits.div_ceil(16) {
        let part = format!("{:016x}", dice.next());
        out.push_str(&part[..(digits - i * 16).min(16)]);
    }
}

fn guid(dice: &mut Dice, out: &mut String) {
    for (i, digits) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if i > 0 {
            out.push('-');
        }
        hex(dice, digits, out);
    }
}

/// Nanoseconds between two events: five million are 20 days.
pub const STEP: i64 = 345_600_000;
/// Time of the first.
pub const START: i64 = 1_767_225_600_000_000_000;

/// The time of event `n`.
pub fn time(n: u64) -> i64 {
    START + n.cast_signed() * STEP + Dice::new(n ^ 0x71).below(1000).cast_signed() * 1000
}

/// One event as a line of JSON, without its end.
pub fn line(n: u64, out: &mut String) {
    out.clear();
    let mut dice = Dice::new(n);
    let dice = &mut dice;
    let host = dice.few(600);
    let user = dice.few(2000);
    let name =
        format!("{}.{}{user}", FIRST[user as usize % FIRST.len()], LAST[(user / 7) as usize % LAST.len()]);
    let ms = time(n) / 1_000_000;
    let (day, rest) = (ms / 86_400_000 - 20_454, ms % 86_400_000);
    let (month, day) = if day < 31 { (1, day + 1) } else { ((day - 31) / 28 % 11 + 2, (day - 31) % 28 + 1) };
    // Writing into a String can't fail.
    let _ = write!(
        out,
        "{{\"@timestamp\":\"2026-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z\",\"host.name\":\"ws-{host:04}.corp.example\",\
         \"user.name\":\"{name}\",\"user.domain\":\"CORP\",\"event.sequence\":{n},",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1000 % 60,
        rest % 1000
    );
    match dice.below(100) {
        0..40 => process(n, dice, &name, out),
        40..70 => connection(dice, out),
        70..85 => sign_in(dice, host, out),
        _ => request(dice, out),
    }
    out.push('}');
}

fn process(n: u64, dice: &mut Dice, name: &str, out: &mut String) {
    let tool = dice.few(400);
    let (exe, folder) = (TOOLS[tool as usize % TOOLS.len()], FOLDERS[tool as usize % FOLDERS.len()]);
    let parent = TOOLS[dice.few(20) as usize];
    let _ = write!(
        out,
        "\"event.code\":\"1\",\"event.provider\":\"Microsoft-Windows-Sysmon\",\"process.executable\":\"C:\\\\{folder}\\\\{exe}{tool}.exe\",\
         \"process.command_line\":\"\\\"C:\\\\{folder}\\\\{exe}{tool}.exe\\\""
    );
    for _ in 0..2 + dice.below(5) {
        let word = WORDS[dice.few(23) as usize];
        let _ = match dice.below(3) {
            0 => write!(out, " --{word}"),
            1 => write!(out, " /{word}:{}", dice.below(5000)),
            _ => write!(out, " C:\\\\Users\\\\{name}\\\\{word}\\\\{}.tmp", dice.below(100_000)),
        };
    }
    // What a hunt looks for: seldom, and very seldom.
    if n % 100_003 == 17 {
        out.push_str(" sekurlsa::logonpasswords exit");
    }
    if n % 9_973 == 5 {
        out.push_str(" net user administrator /active:yes");
    }
    let _ = write!(
        out,
        "\",\"process.pid\":{},\"process.parent.executable\":\"C:\\\\Windows\\\\{parent}.exe\",\"process.hash.sha256\":\"",
        4 * dice.below(9000)
    );
    hex(&mut Dice::new(tool ^ 0x5151), 64, out);
    out.push_str("\",\"process.entity_id\":\"{");
    guid(dice, out);
    out.push_str("}\",\"process.working_directory\":\"C:\\\\Windows\\\\system32\\\\\",\"process.integrity\":\"Medium\"");
}

fn connection(dice: &mut Dice, out: &mut String) {
    let (near, far) = (dice.few(60_000), dice.few(30_000));
    let port = [443, 80, 53, 445, 3389, 8080, 22, 88][dice.few(8) as usize];
    let _ = write!(
        out,
        "\"event.code\":\"3\",\"event.provider\":\"Microsoft-Windows-Sysmon\",\"source.ip\":\"10.{}.{}.{}\",\"source.port\":{},\
         \"destination.ip\":\"{}.{}.{}.{}\",\"destination.port\":{port},\"network.transport\":\"tcp\",\"network.bytes\":{},\
         \"network.packets\":{},\"network.community_id\":\"1:",
        near >> 12,
        near >> 6 & 63,
        near & 63,
        49_152 + dice.below(16_000),
        20 + far % 180,
        far % 251,
        far % 239,
        far % 253,
        dice.below(900_000),
        dice.below(900)
    );
    hex(dice, 40, out);
    let exe = TOOLS[dice.few(20) as usize];
    let _ = write!(
        out,
        "=\",\"process.executable\":\"C:\\\\Program Files\\\\Vendor\\\\{exe}.exe\",\"process.entity_id\":\"{{"
    );
    guid(dice, out);
    out.push_str(
        "}\",\"event.outcome\":\"success\",\"network.direction\":\"outbound\",\"rule.name\":\"Usermode\"",
    );
}

fn sign_in(dice: &mut Dice, host: u64, out: &mut String) {
    let failed = dice.below(9) == 0;
    let _ = write!(
        out,
        "\"event.code\":\"{}\",\"event.provider\":\"Microsoft-Windows-Security-Auditing\",\"event.outcome\":\"{}\",\
         \"winlog.logon.type\":\"{}\",\"winlog.logon.id\":\"0x{:x}\",\"source.ip\":\"10.{}.{}.{}\",\"source.port\":{},\
         \"winlog.event_data.TargetUserSid\":\"S-1-5-21-1004336348-1177238915-682003330-{}\",\
         \"winlog.event_data.AuthenticationPackageName\":\"Negotiate\",\"winlog.event_data.WorkstationName\":\"WS-{host:04}\",\
         \"winlog.event_data.LogonGuid\":\"{{",
        if failed { 4625 } else { 4624 },
        if failed { "failure" } else { "success" },
        ["Network", "Interactive", "Service", "RemoteInteractive"][dice.few(4) as usize],
        dice.below(u64::from(u32::MAX)),
        host >> 6,
        host & 63,
        dice.below(250),
        49_152 + dice.below(16_000),
        1000 + dice.few(2000)
    );
    guid(dice, out);
    out.push_str("}\",\"winlog.event_data.LmPackageName\":\"-\",\"winlog.event_data.KeyLength\":\"0\",\"winlog.keywords\":\"Audit\"");
}

fn request(dice: &mut Dice, out: &mut String) {
    let site = dice.few(20_000);
    let _ = write!(
        out,
        "\"event.code\":\"web\",\"event.provider\":\"proxy\",\"dns.question.name\":\"{}{site}.example.net\",\"url.full\":\"https://{}{site}.example.net/",
        SITES[site as usize % SITES.len()],
        SITES[site as usize % SITES.len()]
    );
    for _ in 0..1 + dice.below(4) {
        let _ = write!(out, "{}{}/", WORDS[dice.few(23) as usize], dice.few(300));
    }
    let _ = write!(out, "?id={}&s=", dice.below(10_000_000));
    hex(dice, 24, out);
    let _ = write!(
        out,
        "\",\"http.request.method\":\"{}\",\"http.response.status_code\":{},\"http.response.bytes\":{},\"user_agent.original\":\"Mozilla/5.0 \
         (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36\",\"trace.id\":\"",
        ["GET", "POST", "PUT"][dice.few(3) as usize],
        [200, 304, 404, 403, 500][dice.few(5) as usize],
        dice.below(400_000),
        100 + dice.few(40)
    );
    hex(dice, 32, out);
    out.push('"');
}

/// What the queries of a kind look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole word.
    Term,
    /// Two words that stand beside each other.
    Phrase,
    /// How a word begins.
    Prefix,
    /// Anything inside a value.
    Substring,
}

/// All kinds with their names.
pub const KINDS: [(Kind, &str); 4] = [
    (Kind::Term, "term"),
    (Kind::Phrase, "phrase"),
    (Kind::Prefix, "prefix"),
    (Kind::Substring, "substring"),
];

fn words(text: &str) -> Vec<(usize, &str)> {
    let mut all = vec![];
    let mut from = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), from) {
            (true, None) => from = Some(at),
            (false, Some(start)) => {
                all.push((start, &text[start..at]));
                from = None;
            }
            _ => {}
        }
    }
    all
}

/// A query of a kind: of a value of a random one of `events` events, seldom of what is nowhere.
pub fn query(kind: Kind, seed: u64, events: u64) -> String {
    let mut dice = Dice::new(seed ^ 0xabcdef);
    let mut text = String::new();
    loop {
        line(dice.below(events), &mut text);
        let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&text) else { continue };
        let values: Vec<&str> = fields.values().skip(1).filter_map(|v| v.as_str()).collect();
        let value = values[dice.below(values.len() as u64) as usize];
        let words: Vec<_> = words(value).into_iter().filter(|w| w.1.len() >= 3).collect();
        if words.is_empty() {
            continue;
        }
        let at = dice.below(words.len() as u64) as usize;
        let (start, word) = words[at];
        let found = match kind {
            Kind::Term => word.to_owned(),
            Kind::Prefix if word.len() >= 5 => {
                word[..4 + dice.below(word.len() as u64 - 4) as usize].to_owned()
            }
            Kind::Phrase => match words.get(at + 1) {
                Some((next, second)) => value[start..next + second.len()].to_owned(),
                None => continue,
            },
            Kind::Substring if value.len() >= 8 => {
                let len = 5 + dice.below((value.len() as u64 - 5).min(12)) as usize;
                let from = dice.below((value.len() - len + 1) as u64) as usize;
                value[from..from + len].to_owned()
            }
            _ => continue,
        };
        // One in twenty is nowhere.
        return if seed % 20 == 19 { format!("{found}qzx") } else { found };
    }
}
