//! The rules of ARCHITECTURE.md that can be read off the tree: who may use whom.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Modules from the top to the bottom; those on one line stand on the same step.
const STEPS: &[&[&str]] = &[
    &["command"],
    &["cli"],
    &["tui", "report", "study", "lab"],
    &["session"],
    &["metrics", "journal"],
    &["kernel", "adversary"],
    &["radio", "backhaul", "world", "scenario"],
    &["event", "feed", "registry", "telemetry"],
];

fn step(module: &str) -> Option<usize> {
    STEPS.iter().position(|step| step.contains(&module))
}

#[test]
fn modules_use_only_modules_on_their_step_or_below() {
    let source = root().join("src");
    let mut found = 0;
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).expect("inside");
        let module = inside
            .iter()
            .next()
            .and_then(|first| first.to_str())
            .expect("name")
            .trim_end_matches(".rs");
        // The rule is about the program, not about its tests' tools.
        let is_test = file.ends_with("tests.rs") || inside.iter().any(|part| part == "tests");
        if ["lib", "main"].contains(&module) || is_test {
            continue;
        }
        let own = step(module).unwrap_or_else(|| panic!("module {module} has no place in the order: add it to STEPS"));
        let text = fs::read_to_string(&file).expect("text");
        for (number, line) in text.lines().enumerate() {
            if line.contains("#[cfg(test)]") {
                break;
            }
            for used in line.match_indices("crate::").map(|(at, _)| &line[at + 7..]) {
                let name: String = used
                    .chars()
                    .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                    .collect();
                let Some(other) = step(&name) else { continue };
                found += 1;
                assert!(
                    own <= other,
                    "{}:{}: `{module}` uses `{name}`, which stands above it",
                    file.display(),
                    number + 1
                );
            }
        }
    }
    assert!(
        found > 50,
        "the scan found only {found} uses: it no longer reads what it should"
    );
}

#[test]
fn the_kernel_names_no_protocol_and_protocols_see_only_role_and_crypto() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let mut protocols = Vec::new();
    for package in packages {
        let name = package["name"].as_str().expect("name");
        if name == "roadveil" {
            continue;
        }
        let allowed: &[&str] = match name {
            "roadveil-crypto" => &[],
            "roadveil-ldp" => &[],
            "roadveil-role" => &["roadveil-crypto"],
            // What meters report by is a library of its own, as cryptography is.
            "roadveil-grid" => &["roadveil-crypto", "roadveil-ldp", "roadveil-role"],
            _ => &["roadveil-crypto", "roadveil-role"],
        };
        if allowed.contains(&"roadveil-role") {
            protocols.push(name.replace('-', "_"));
        }
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let dependency = dependency["name"].as_str().expect("name");
            let ours = dependency.starts_with("roadveil");
            assert!(
                !ours || allowed.contains(&dependency),
                "{name} must not depend on {dependency}"
            );
        }
    }
    assert!(!protocols.is_empty());
    for module in [
        "kernel", "radio", "backhaul", "world", "journal", "metrics", "tui", "event.rs", "feed.rs",
    ] {
        let path = root().join("src").join(module);
        let files = if path.is_dir() { rust_files(&path) } else { vec![path] };
        for file in files {
            let text = fs::read_to_string(&file).expect("text");
            let named = protocols.iter().find(|protocol| text.contains(protocol.as_str()));
            assert!(named.is_none(), "{} names {named:?}", file.display());
        }
    }
}

#[test]
fn unsafe_code_lives_in_crypto_alone() {
    let mut folders = vec![root().join("src"), root().join("protocols/role/src")];
    for entry in fs::read_dir(root().join("protocols")).expect("protocols") {
        let path = entry.expect("entry").path();
        if !path.ends_with("crypto") && path.join("src").is_dir() {
            folders.push(path.join("src"));
        }
    }
    for file in folders.iter().flat_map(|folder| rust_files(folder)) {
        let text = fs::read_to_string(&file).expect("text");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            assert!(
                !line.contains("unsafe {") && !line.contains("unsafe fn"),
                "{}: {line}",
                file.display()
            );
        }
    }
}

#[test]
fn the_page_about_logs_explains_every_reason() {
    let page = fs::read_to_string(root().join("docs/logs.md")).expect("the page");
    for reason in roadveil_role::Reason::ALL {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{reason}` |")));
        let row = row.unwrap_or_else(|| panic!("no row for `{reason}`"));
        assert!(row.ends_with(&format!("| {} |", reason.explain().trim())), "{row}");
    }
}
