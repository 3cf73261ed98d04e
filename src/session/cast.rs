//! What a log, a screen and the figures must know of a run before its first event.

use std::sync::Arc;

use roadveil_role::Time;

use super::Plan;
use crate::event::{Cast, CastNode, Map};
use crate::journal::{Format, HostFigures, InputFile, Manifest};
use crate::scenario::{Place, Scenario};

/// Who takes part, and the map.
pub fn cast(scenario: &Scenario) -> Arc<Cast> {
    let nodes = scenario.nodes.iter().map(|node| CastNode {
        name: node.name.clone(),
        roles: node
            .roles
            .iter()
            .map(|role| format!("{}.{}", role.protocol.name, role.role.name))
            .collect(),
        profile: node.profile.name.clone(),
        mobile: !matches!(node.place, Place::Fixed { .. }),
    });
    let bounds = &scenario.world.bounds;
    // The scenario does not repeat an outline's first corner; a drawn line must.
    let outline = |points: &[(f64, f64)]| {
        points
            .iter()
            .chain(points.first())
            .map(|&(x, y)| (x as f32, y as f32))
            .collect()
    };
    Arc::new(Cast {
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        seed: scenario.seed,
        duration: Time::ZERO + scenario.duration,
        nodes: nodes.collect(),
        protocols: scenario
            .protocols
            .iter()
            .map(|configured| configured.protocol.name.to_owned())
            .collect(),
        map: Map {
            roads: scenario.world.roads.iter().map(|road| road.points.clone()).collect(),
            buildings: scenario
                .world
                .buildings
                .iter()
                .map(|building| outline(&building.outline))
                .collect(),
            bounds: [bounds.x0 as f32, bounds.y0 as f32, bounds.x1 as f32, bounds.y1 as f32],
        },
    })
}

/// What a log says of its run.
pub fn manifest(plan: &Plan) -> Manifest {
    let scenario = &plan.scenario;
    Manifest {
        format: Format::CURRENT,
        roadveil: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        origin: plan.origin.clone(),
        text: scenario.text.clone(),
        overrides: plan.overrides.clone(),
        seed: scenario.seed,
        duration: Time::ZERO + scenario.duration,
        inputs: scenario
            .inputs
            .iter()
            .map(|input| InputFile {
                path: input.path.clone(),
                bytes: input.bytes,
                blake3: blake3::Hash::from_bytes(input.digest).to_hex().to_string(),
            })
            .collect(),
        protocols: scenario
            .protocols
            .iter()
            .map(|configured| configured.protocol.name.to_owned())
            .collect(),
        host: HostFigures::now(),
    }
}
