//! What other tools make of logs: their results, known by their fields in JSON and by their columns in CSV.
//!
//! Every original field stays; what analysts look for lies beside it under its ECS name.

#[cfg(test)]
mod tests;
mod tools;

use crate::text::{
    Fields,
    time::{self, Read},
};
use event::Value;
pub(crate) use tools::Tool;
use tools::{OCSF, TOOLS};

/// Whose results have these fields.
pub(crate) fn tool(has: &dyn Fn(&str) -> bool) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| {
        tool.needs.iter().all(|n| has(n)) && (tool.any.is_empty() || tool.any.iter().any(|n| has(n)))
    })
}

/// Whether these may be the names of an object that [`of`] knows.
pub(crate) fn may_be(has: &dyn Fn(&str) -> bool) -> bool {
    has("class_uid") || tool(has).is_some()
}

/// Dataset and time of an object that is a tool's result or an OCSF event; its fields get their ECS names.
pub(crate) fn of(fields: &mut Fields) -> Option<(String, Option<Read>)> {
    if let Some(class) = ocsf(fields) {
        name(fields, OCSF);
        return Some((class, fields.get("time").and_then(time::of_value)));
    }
    let tool = tool(&|name| fields.get(name).is_some())?;
    name(fields, tool.names);
    let time = tool.times.iter().find_map(|name| of_value(fields.get(name)?));
    Some((tool.dataset.to_owned(), time))
}

/// A time in any form that tools write for people.
fn of_value(value: &Value) -> Option<Read> {
    let Value::Str(text) = value else { return time::of_value(value) };
    let read = crate::csv::time::of(text, false)?;
    Some(Read { time: read.time, zoned: read.zoned })
}

/// `ocsf.` and the name of the event's class in lower case, or its number where the name is not there.
fn ocsf(fields: &Fields) -> Option<String> {
    let uid = match fields.get("class_uid")? {
        Value::Int(uid) => uid.to_string(),
        _ => return None,
    };
    fields.get("time")?;
    fields.get("category_uid").or_else(|| fields.get("activity_id"))?;
    let name = fields.text("class_name").map(|name| name.trim().replace([' ', '/'], "_"));
    let word = name.and_then(|name| crate::json::word(&name));
    Some(format!("ocsf.{}", word.unwrap_or(uid)))
}

fn name(fields: &mut Fields, names: &[(&str, &str)]) {
    for (from, to) in names {
        if fields.get(to).is_some() {
            continue;
        }
        if let Some(value) = fields.get(from).filter(|value| says(value)).cloned() {
            fields.put(to, value);
        }
    }
}

/// Whether a value is one, and no mark for its absence.
fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Str(text) => !matches!(&**text, "" | "-"),
        Value::List(list) => !list.is_empty(),
        _ => true,
    }
}
