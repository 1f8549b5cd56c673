//! What holds for the command line as a whole.

use super::*;

fn words(line: &str) -> std::result::Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("pannier").chain(line.split_whitespace()))
}

#[test]
fn it_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn lines_that_are_understood() {
    for line in [
        "daemon",
        "daemon --idle 5",
        "daemon --idle never",
        "daemon --drain 60 --unsafe-network-store",
        "hub --listen 127.0.0.1:0",
        "hub --listen 127.0.0.1:0 --tls-cert c --tls-key k --allow-plain-http",
        "hub user add alice",
        "hub user list --json",
        "hub user add alice --admin --email a@b --password-file - --api-key k --json",
        "hub user delete alice",
        "hub user remove alice",
        "hub org add acme --admin alice --json",
        "hub org member acme bob --role viewer",
        "hub org member acme bob --remove",
        "hub org delete acme --force",
        "hub team add vision --org acme --admin alice",
        "hub team list --json",
        "hub team member vision bob --role admin",
        "hub team delete vision",
        "run python train.py --lr 0.1",
        "run -- python -c pass",
        "run --resume --folder /s/p --wait 5 -- python train.py --wait 3",
        "status --ready",
        "env --fish",
        "status --json --run p/r",
        "top",
        "top --once --interval 0.5",
        "sync",
        "sync --wait --timeout 30 --remote hub",
        "verify --remote hub --json",
        "remote add hub https://h --token-file -",
        "remote add site folder:/shared/pannier",
        "relay /shared/pannier --to hub",
        "relay /shared/pannier --to hub --once --max-seconds 120 --json",
        "relay list --json",
        "relay remove /shared/pannier",
        "remote list --json",
        "remote remove hub",
        "remote retry hub",
        "runs list --project p --entity e --limit 5 --json",
        "runs show e/p/r --json",
        "runs history r --keys a,b --from-step -1 --to-step 9 --csv",
        "runs history r --keys a --max-points 10 --json",
        "runs console r",
        "runs export r -o d --format jsonl",
        "runs export --all -o d",
        "artifact put a b/ --name p/c --type model --alias best --tag t --description d --metadata {} --json",
        "artifact put --ref s3://b/k --name e/p/c --type dataset --run r --ttl-days 3",
        "artifact get p/c:v1 --root d --path train/ --json",
        "artifact ls",
        "artifact ls p/c --limit 3 --json",
        "artifact ls p --entity e",
        "artifact show p/c:best --json",
        "artifact pull p/c --pin --json",
        "artifact lineage p/c --depth 2 --json",
        "artifact delete p/c:v1 --with-aliases --json",
        "registry ls --json",
        "registry show model --json",
        "registry show model/c --history",
        "registry create model --type model --type data --description d --json",
        "registry link p/c:v1 model/c --alias production --json",
        "registry unlink p/c:v1 model/c --json",
        "registry alias model/c:v1 a b --remove c --json",
        "registry alias model/c:v1 --remove c",
        "registry protect model production --remove --json",
        "reports list --project p --entity e --all --json",
        "reports show T --json",
        "reports delete Vmlldzo --json",
        "open",
        "open e/p/r --print --json",
        "doctor --json",
        "completions zsh",
    ] {
        words(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn lines_that_are_refused() {
    for line in [
        "hub",
        "hub --listen nowhere",
        "hub user add alice --password p --password-file -",
        "hub org add acme",
        "hub org member acme bob",
        "hub org member acme bob --role owner",
        "hub team add vision --admin alice",
        "hub --listen 127.0.0.1:0 --tls-cert c",
        "run",
        "daemon --idle soon",
        "daemon --detach --drain 5",
        "run --wait 5 -- python train.py",
        "status --ready --json",
        "sync --timeout 3",
        "remote add hub https://h --token secret",
        "runs history r --csv --json",
        "runs history r --max-points 10",
        "runs export -o d",
        "runs export r --all -o d",
        "artifact",
        "artifact put --name p/c --type model",
        "artifact put a --type model",
        "artifact put a --name p/c",
        "artifact lineage p/c --depth deep",
        "registry alias model/c:v1",
        "registry protect model",
        "registry show model/c --history --limit 3",
        "reports show",
        "statsu",
    ] {
        assert!(words(line).is_err(), "{line}");
    }
}

/// Every command, with those it belongs to.
fn commands(of: &clap::Command, above: &str, all: &mut Vec<String>) {
    for command in of.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = format!("{above} {}", command.get_name());
        commands(command, &name, all);
        all.push(name);
    }
}

#[test]
fn the_documentation_has_every_command_and_option() {
    let page = include_str!("../../../docs/cli.md");
    let mut all = Vec::new();
    commands(&Cli::command(), "pannier", &mut all);
    for command in all {
        assert!(page.contains(&command), "docs/cli.md does not have `{command}`");
        let found = command.split(' ').skip(1).fold(Cli::command(), |command, name| {
            command.find_subcommand(name).cloned().expect("it was listed")
        });
        for option in found.get_arguments().filter(|option| !option.is_hide_set()) {
            if let Some(long) = option.get_long().filter(|long| !["help", "version"].contains(long)) {
                assert!(
                    page.contains(&format!("--{long}")),
                    "docs/cli.md does not have --{long} of `{command}`"
                );
            }
        }
    }
}

#[test]
fn every_command_and_option_says_what_it_is() {
    fn check(command: &clap::Command, name: &str) {
        assert!(command.get_about().is_some(), "{name}");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name} {}", argument.get_id());
        }
        command.get_subcommands().for_each(|inner| check(inner, &format!("{name} {}", inner.get_name())));
    }
    check(&Cli::command(), "pannier");
}
