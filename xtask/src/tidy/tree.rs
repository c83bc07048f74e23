//! What the rules look at: our crates' manifests, the packages that the lock file names, and the text files of the repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Folders that hold nothing of ours.
const SKIPPED_FOLDERS: &[&str] = &["target", "node_modules", "__pycache__"];
/// Folders whose name starts with a dot and that are ours all the same.
const DOT_FOLDERS: &[&str] = &[".ci", ".cargo", ".github"];
/// Files with these endings are read; of others only the path is known.
const TEXT_ENDINGS: &[&str] = &["rs", "md"];

/// The repository as the rules see it. Paths are relative to the root, with `/`.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) crates: Vec<OwnCrate>,
    pub(super) third_party: Vec<Package>,
    pub(super) files: Vec<TextFile>,
    /// All files and folders.
    pub(super) paths: BTreeSet<String>,
}

/// One of our crates.
#[derive(Debug, Default)]
pub(super) struct OwnCrate {
    pub(super) name: String,
    pub(super) licence: Option<String>,
    pub(super) dependencies: Vec<Dependency>,
    /// The text of its `Cargo.toml`.
    pub(super) manifest: String,
}

/// A dependency that one of our manifests names.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) for_tests_only: bool,
}

/// A package that is not ours.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: Option<String>,
}

/// A source file or document.
#[derive(Debug)]
pub(super) struct TextFile {
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    /// Reads the repository and asks cargo for the rest; fails if `Cargo.lock` is not up to date.
    pub(super) fn load(root: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .other_options(["--locked".to_string()])
            .exec()
            .context("`cargo metadata --locked` failed")?;
        let mut tree = Self::default();
        tree.add_packages(&metadata)?;
        tree.add_folder(root, "")?;
        Ok(tree)
    }

    fn add_packages(&mut self, metadata: &Metadata) -> Result<()> {
        for package in &metadata.packages {
            let name = package.name.to_string();
            let licence = package.license.clone();
            if !metadata.workspace_members.contains(&package.id) {
                self.third_party.push(Package {
                    name,
                    version: package.version.to_string(),
                    licence,
                });
                continue;
            }
            let dependencies = package.dependencies.iter().map(|dependency| Dependency {
                name: dependency.name.clone(),
                for_tests_only: dependency.kind == DependencyKind::Development,
            });
            let manifest = fs::read_to_string(&package.manifest_path)
                .with_context(|| format!("cannot read {}", package.manifest_path))?;
            self.crates.push(OwnCrate {
                name,
                licence,
                dependencies: dependencies.collect(),
                manifest,
            });
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = format!("{prefix}{name}");
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && !is_ours(&name) {
                continue;
            }
            if is_folder {
                self.add_folder(&entry.path(), &format!("{path}/"))?;
            } else if is_text(&name) {
                let text = fs::read_to_string(entry.path()).with_context(|| format!("cannot read {path}"))?;
                self.files.push(TextFile {
                    path: path.clone(),
                    text,
                });
            }
            self.paths.insert(path);
        }
        Ok(())
    }

    /// The Rust sources.
    pub(super) fn sources(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The documents.
    pub(super) fn documents(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.path.ends_with(".md"))
    }
}

fn is_ours(folder: &str) -> bool {
    !SKIPPED_FOLDERS.contains(&folder) && (!folder.starts_with('.') || DOT_FOLDERS.contains(&folder))
}

fn is_text(file: &str) -> bool {
    file.rsplit_once('.')
        .is_some_and(|(_, ending)| TEXT_ENDINGS.contains(&ending))
}

/// Trees for the rules' tests.
#[cfg(test)]
impl Tree {
    /// A tree of one text file.
    pub(super) fn of_file(path: &str, text: &str) -> Self {
        let file = TextFile {
            path: path.to_string(),
            text: text.to_string(),
        };
        Self {
            files: vec![file],
            paths: BTreeSet::from([path.to_string()]),
            ..Self::default()
        }
    }

    /// A tree of one crate with ordinary and test-only dependencies.
    pub(super) fn of_crate(name: &str, ordinary: &[&str], for_tests: &[&str]) -> Self {
        let dependency = |for_tests_only| {
            move |name: &&str| Dependency {
                name: name.to_string(),
                for_tests_only,
            }
        };
        let dependencies = ordinary
            .iter()
            .map(dependency(false))
            .chain(for_tests.iter().map(dependency(true)))
            .collect();
        let own = OwnCrate {
            name: name.to_string(),
            dependencies,
            ..OwnCrate::default()
        };
        Self {
            crates: vec![own],
            ..Self::default()
        }
    }

    /// A tree of third-party packages: name, version, licence.
    pub(super) fn of_packages(packages: &[(&str, &str, Option<&str>)]) -> Self {
        let packages = packages.iter().map(|(name, version, licence)| Package {
            name: name.to_string(),
            version: version.to_string(),
            licence: licence.map(str::to_string),
        });
        Self {
            third_party: packages.collect(),
            ..Self::default()
        }
    }
}
