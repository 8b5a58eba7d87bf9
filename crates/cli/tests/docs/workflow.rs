//! Workflows of builds that pages show: read as YAML, and their commands of ours carried out.

use yaml_rust2::{Yaml, YamlLoader};

use crate::page::{Block, Command};

/// The commands of a block, whatever their conditions come to here.
pub(crate) fn commands(page: &str, block: &Block) -> Vec<Command> {
    let lines: Vec<&str> = block.lines.iter().map(|(_, line)| line.as_str()).collect();
    let first = block.lines.first().map_or(0, |(number, _)| *number);
    let place = format!("{page}:{first}");
    let workflow = YamlLoader::load_from_str(&lines.join("\n"));
    let workflow = workflow.unwrap_or_else(|error| panic!("{place}: {error}"));
    let mut found = Vec::new();
    for document in &workflow {
        gather(document, &mut found);
    }
    assert!(!found.is_empty(), "{place}: no command of ours");
    let command = |text| Command {
        place: place.clone(),
        text,
        exits: vec![0, 99],
    };
    found.into_iter().map(command).collect()
}

/// The commands below a node: of steps, of scripts, and what the action is told.
fn gather(node: &Yaml, found: &mut Vec<String>) {
    match node {
        Yaml::Hash(members) => {
            for (key, value) in members {
                match (key.as_str(), value.as_str()) {
                    (Some("args"), Some(words)) => found.push(format!("wsbench {words}")),
                    _ => gather(value, found),
                }
            }
        }
        Yaml::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Yaml::String(text) => {
            let lines = text.lines().map(str::trim);
            found.extend(
                lines
                    .filter(|it| it.starts_with("wsbench "))
                    .map(str::to_owned),
            );
        }
        _ => {}
    }
}
