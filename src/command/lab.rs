//! `roadveil lab ...`

use super::{Exit, Failure, print};
use crate::cli::LabCommand;
use crate::lab::LABS;
use crate::scenario::nearest;

/// Lists and runs labs.
pub(super) fn lab(command: &LabCommand) -> Result<Exit, Failure> {
    match command {
        LabCommand::List { json: true } => {
            let list = LABS
                .iter()
                .map(|lab| serde_json::json!({ "name": lab.name, "title": lab.title }));
            print(&format!("{:#}\n", serde_json::Value::from_iter(list)))?;
            Ok(Exit::Done)
        }
        LabCommand::List { json: false } => {
            let list: String = LABS
                .iter()
                .map(|lab| format!("{:12}  {}\n", lab.name, lab.title))
                .collect();
            print(&list)?;
            Ok(Exit::Done)
        }
        LabCommand::Run { name, json } => {
            let Some(lab) = LABS.iter().find(|lab| lab.name == name) else {
                let names: Vec<&str> = LABS.iter().map(|lab| lab.name).collect();
                let meant = nearest(name, names.iter().copied())
                    .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                return Err(Failure::Input(miette::miette!(
                    "there is no lab `{name}`: expected one of {}{meant}",
                    names.join(", ")
                )));
            };
            let outcome = (lab.run)();
            print(&if *json {
                format!("{:#}\n", outcome.json(lab.name))
            } else {
                outcome.table()
            })?;
            Ok(if outcome.parted.is_empty() {
                Exit::Done
            } else {
                Exit::Failed
            })
        }
    }
}
