//! SUMO polygons: buildings, of the type `building` or one that begins so.

use super::{Element, Fault, Visitor, walk};
use crate::world::Building;
use crate::world::source::{ReadError, Source};

/// Most buildings of a file.
const MAX_BUILDINGS: usize = 2_000_000;

/// Most corners of all buildings together.
const MAX_POINTS: usize = 50_000_000;

/// Reads buildings; polygons of other types are passed over, and so are those with fewer than three corners.
///
/// # Errors
/// If the file cannot be read or holds no such document.
pub fn read(source: &Source) -> Result<Vec<Building>, ReadError> {
    let mut reader = PolyReader::default();
    walk(source, &mut reader)?;
    Ok(reader.buildings)
}

/// What has been read so far.
#[derive(Debug, Default)]
struct PolyReader {
    buildings: Vec<Building>,
    points: usize,
}

impl Visitor for PolyReader {
    fn root(&self) -> &'static [&'static str] {
        &["additional", "polygons", "shapes"]
    }

    fn open(&mut self, element: &Element<'_>) -> Result<(), Fault> {
        if (element.depth, element.name()) != (1, "poly") {
            return Ok(());
        }
        let [kind, shape, geo] = element.attributes(["type", "shape", "geo"])?;
        if !kind.is_some_and(|kind| kind.starts_with("building")) {
            return Ok(());
        }
        if geo
            .as_deref()
            .is_some_and(|geo| matches!(geo, "1" | "true" | "yes" | "on"))
        {
            return Err(element.fault(
                "a building is given by longitude and latitude: expected metres (run polyconvert with --net-file)",
            ));
        }
        let mut outline = element.shape(element.required("shape", &shape)?)?;
        if outline.len() > 1 && outline.first() == outline.last() {
            outline.pop();
        }
        if outline.len() < 3 {
            return Ok(());
        }
        self.points += outline.len();
        if self.buildings.len() == MAX_BUILDINGS || self.points > MAX_POINTS {
            return Err(element.fault(format!(
                "there are more than {MAX_BUILDINGS} buildings or {MAX_POINTS} corners"
            )));
        }
        self.buildings.push(Building { outline });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads polygons in memory.
    fn read_text(text: &str) -> Result<Vec<Building>, String> {
        read(&Source::memory("p.xml", text.as_bytes().to_vec())).map_err(|error| error.to_string())
    }

    #[test]
    fn only_buildings_are_kept_without_the_corner_that_closes_them() {
        let buildings = read_text(
            r#"<additional><location netOffset="1,1"/>
            <poly id="1" type="building" shape="0,0 4,0 4,3 0,0"/>
            <poly id="2" type="building.yes" shape="0,0 4,0 4,3 1,3"/>
            <poly id="3" type="parking" shape="0,0 4,0 4,3 0,0"/>
            <poly id="4" type="building" shape="0,0 4,0 0,0"/>
            <poly id="5" shape="garbage"/></additional>"#,
        )
        .expect("these are polygons");
        assert_eq!(buildings.len(), 2);
        assert_eq!(buildings[0].outline, [(0.0, 0.0), (4.0, 0.0), (4.0, 3.0)]);
        assert_eq!(buildings[1].outline.len(), 4);
    }

    #[test]
    fn malformed_buildings_are_refused() {
        let cases = [
            (
                "<additional><poly type='building'/></additional>",
                "no attribute `shape`",
            ),
            (
                "<additional><poly type='building' shape='1 2 3'/></additional>",
                "expected points",
            ),
            (
                "<additional><poly type='building' geo='true' shape='6.1,49.5 6.2,49.5 6.2,49.6'/></additional>",
                "expected metres",
            ),
            ("<net/>", "expected <additional> or <polygons> or <shapes>"),
        ];
        for (text, expected) in cases {
            let found = read_text(text).expect_err(text);
            assert!(found.contains(expected), "{text}: {found}");
        }
    }
}
