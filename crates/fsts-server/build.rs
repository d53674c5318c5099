//! Makes the dashboard's folder exist, so that a checkout without a web build compiles and shows a notice instead.

fn main() {
    let dist = "../../web/dist";
    // A failure shows itself by a clear message of the embedding macro.
    let _ = std::fs::create_dir_all(dist);
    println!("cargo::rerun-if-changed={dist}");
}
