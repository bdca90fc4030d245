//! The program `upshift`.

fn main() -> std::process::ExitCode {
    upshift_cli::main()
}
