//! Puts the built dashboard into the program: each file of `dashboard/dist`,
//! packed with gzip where that makes it smaller, and a table of them. Where the
//! dashboard was not built, the table is empty, and the program says so.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    let dist = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("dashboard/dist");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    // Of a folder that is not there cargo would run this each time.
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=dashboard{}", if dist.is_dir() { "/dist" } else { "" });
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &dist, &mut files)?;
    }
    files.sort();
    let mut table = String::from("static FILES: &[File] = &[\n");
    for (nth, name) in files.iter().enumerate() {
        let bytes = fs::read(dist.join(name))?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bytes)?;
        let packed = Some(gzip.finish()?).filter(|packed| packed.len() < bytes.len());
        let file = out.join(format!("dashboard-{nth}"));
        fs::write(&file, packed.as_ref().unwrap_or(&bytes))?;
        let gzipped = packed.is_some();
        writeln!(table, "    ({name:?}, include_bytes!({file:?}), {gzipped}),").map_err(io::Error::other)?;
    }
    table += "];\n";
    fs::write(out.join("dashboard.rs"), table)
}

/// The paths of the files in a folder, as a URL has them.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            files.push(name.replace('\\', "/"));
        }
    }
    Ok(())
}
