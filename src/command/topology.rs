//! `roadveil topology ...`

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::output::{Kind, may_write};
use super::{Exit, Failure, print};
use crate::cli::{self, TopologyCommand};
use crate::kernel::{Kernel, Options};
use crate::scenario::{self, Import, Scenario, library};
use crate::world::Rect;

/// Lists, shows, checks, writes and imports topologies.
pub(super) fn topology(command: &TopologyCommand) -> Result<Exit, Failure> {
    match command {
        TopologyCommand::List { json } => print(&list(*json))?,
        TopologyCommand::Show { name } => print(library::find(name).map_err(Failure::input)?.text)?,
        TopologyCommand::Check { topology, set } => {
            let scenario = Scenario::load(topology, set, None).map_err(Failure::input)?;
            let description = scenario.describe();
            // Parameters that contradict each other show when a protocol hands out its keys.
            let options = Options {
                threads: 1,
                share: true,
            };
            Kernel::new(Arc::new(scenario), options).map_err(Failure::input)?;
            print(&format!("{description}\n"))?;
        }
        TopologyCommand::New => print(library::STARTER)?,
        TopologyCommand::Import(args) => import(args)?,
    }
    Ok(Exit::Done)
}

fn list(as_json: bool) -> String {
    let shipped = library::shipped();
    if as_json {
        let list: Vec<_> = shipped
            .iter()
            .map(|topology| json!({ "name": topology.name, "title": topology.title() }))
            .collect();
        return format!("{:#}\n", json!(list));
    }
    let width = shipped.iter().map(|topology| topology.name.len()).max().unwrap_or(0);
    shipped
        .iter()
        .map(|topology| format!("{:width$}  {}\n", topology.name, topology.title()))
        .collect()
}

fn import(args: &cli::Import) -> Result<(), Failure> {
    let read = [&args.net, &args.fcd]
        .into_iter()
        .map(|path| (path.as_path(), "what is imported"));
    let read: Vec<_> = read
        .chain(args.poly.as_deref().map(|path| (path, "what is imported")))
        .collect();
    may_write(&args.output, Kind::Topology, &read)?;
    let bbox = args.bbox.map(|[x0, y0, x1, y1]| Rect { x0, y0, x1, y1 });
    let import = Import {
        net: args.net.clone(),
        fcd: args.fcd.clone(),
        poly: args.poly.clone(),
        rsu: args.rsu,
        begin: args.begin,
        end: args.end,
        bbox,
        output: (args.output != Path::new("-")).then(|| args.output.clone()),
    };
    let text = scenario::import(&import).map_err(Failure::input)?;
    if !text.contains(&format!("count = {}\n", args.rsu)) {
        say!(
            "note: there is no room for {} road-side units; the topology says how many it has",
            args.rsu
        );
    }
    if args.output == Path::new("-") {
        return print(&text);
    }
    fs::write(&args.output, &text)
        .map_err(|error| Failure::io(format!("cannot write {}", args.output.display()), &error))?;
    say!(
        "wrote {}; run it with: roadveil run {}",
        args.output.display(),
        args.output.display()
    );
    Ok(())
}
