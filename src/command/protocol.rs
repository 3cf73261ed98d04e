//! `roadveil protocol ...`

use core::fmt::Write;

use roadveil_role::param::Default as ParamDefault;
use roadveil_role::{Cardinality, ParamKind, ParamSpec, Protocol};
use serde_json::json;

use super::{Exit, Failure, print};
use crate::cli::ProtocolCommand;
use crate::registry::PROTOCOLS;
use crate::scenario::nearest;
use crate::scenario::quantity::written;

/// Lists and shows protocols.
pub(super) fn protocol(command: &ProtocolCommand) -> Result<Exit, Failure> {
    match command {
        ProtocolCommand::List { json: true } => {
            let list: Vec<_> = PROTOCOLS
                .iter()
                .map(|protocol| json!({ "name": protocol.name, "title": protocol.title, "paper": protocol.paper }))
                .collect();
            print(&format!("{:#}\n", json!(list)))?;
        }
        ProtocolCommand::List { json: false } => {
            let list: String = PROTOCOLS
                .iter()
                .map(|protocol| format!("{:8}  {}\n", protocol.name, protocol.title))
                .collect();
            print(&list)?;
        }
        ProtocolCommand::Show { name } => match crate::registry::protocol(name) {
            Some(protocol) => print(&show(protocol))?,
            None => {
                let names: Vec<&str> = PROTOCOLS.iter().map(|protocol| protocol.name).collect();
                let nearest = nearest(name, names.iter().copied())
                    .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                return Err(Failure::Input(miette::miette!(
                    "there is no protocol `{name}`: expected one of {}{nearest}",
                    names.join(", ")
                )));
            }
        },
    }
    Ok(Exit::Done)
}

fn show(protocol: &Protocol) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, protocol);
    text
}

fn write(text: &mut String, protocol: &Protocol) -> std::fmt::Result {
    writeln!(
        text,
        "{}: {}\n\n{}\n\nPaper: {}\n\nRoles",
        protocol.name, protocol.title, protocol.summary, protocol.paper
    )?;
    for role in protocol.roles {
        let count = match role.cardinality {
            Cardinality::One => "exactly one",
            Cardinality::Some => "at least one",
            Cardinality::Any => "any number",
        };
        let reach = match (role.radio, role.wired) {
            (true, true) => "radio and wires",
            (true, false) => "radio",
            (false, true) => "wires",
            (false, false) => "`wired = true` or `radio = true`, as the node says",
        };
        writeln!(
            text,
            "  {}.{:6}  {}; {count}; {reach}",
            protocol.name, role.name, role.title
        )?;
    }
    writeln!(
        text,
        "\nMessages: {}",
        protocol.message_names().collect::<Vec<_>>().join(", ")
    )?;
    writeln!(text, "\nParameters, under [protocols.{}]", protocol.name)?;
    for param in protocol.params {
        writeln!(
            text,
            "  {:24} {:12} {}\n  {:24} {:12} {}",
            param.name,
            default(param),
            kind(param),
            "",
            "",
            param.help
        )?;
    }
    writeln!(text, "\nWhat is published, and what is reconstruction")?;
    for mark in protocol.marks {
        writeln!(text, "  {:32} {:30} {}", mark.part, mark.source, mark.note)?;
    }
    Ok(())
}

fn default(param: &ParamSpec) -> String {
    match param.default {
        ParamDefault::Span(span) => written(span),
        ParamDefault::Count(count) => count.to_string(),
        ParamDefault::Number(number) => number.to_string(),
        ParamDefault::Flag(flag) => flag.to_string(),
        ParamDefault::Choice(word) => word.to_owned(),
        #[allow(unreachable_patterns, reason = "a protocol may add kinds of parameters")]
        _ => String::new(),
    }
}

fn kind(param: &ParamSpec) -> String {
    match param.kind {
        ParamKind::Span { min, max } => format!("from {} to {}", written(min), written(max)),
        ParamKind::Count { min, max } => format!("whole number from {min} to {max}"),
        ParamKind::Number { min, max } => format!("number from {min} to {max}"),
        ParamKind::Flag => "true or false".to_owned(),
        ParamKind::Choice(words) => format!("one of {}", words.join(", ")),
        ParamKind::File => "path of a file, or builtin:NAME".to_owned(),
        #[allow(unreachable_patterns, reason = "a protocol may add kinds of parameters")]
        _ => String::new(),
    }
}
