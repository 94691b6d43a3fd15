//! The pages under `docs/reference` that the program prints: every setting with its default, range and why one would
//! change it; and which calls are built.

use std::fmt::Write as _;

use longhaul_frontend::{Call, OPERATOR_CALLS, State, WORKFLOW_CALLS};

use crate::settings::{SETTINGS, Settings};

/// The page of settings.
pub fn settings_page() -> String {
    let mut page = String::from(
        "# Settings\n\nPrinted by `longhaul config reference`. Set them by name in the section `settings` of the \
         file given with `--config`, or by key in a file of [dynamic configuration](../guide/configuration.md) or \
         with `--dynamic-config-value`. Durations are numbers of seconds or texts such as `1m30s`. *Per* says what \
         may be given values of its own by constraints, *takes effect* when a changed file of dynamic \
         configuration is heeded.\n\n\
         | setting | the reference's key | default | range | unit | per | takes effect | change it when |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let defaults = Settings::default();
    for setting in SETTINGS {
        let key = setting.key.map_or_else(String::new, |key| format!("`{key}`"));
        let (name, shown) = (setting.name, (setting.show)(&defaults));
        let (range, unit, per, applies, reason) =
            (setting.range, setting.unit, setting.per, setting.applies, setting.reason);
        // Writing to a string never fails.
        let _ = writeln!(
            page,
            "| `{name}` | {key} | {shown} | {range} | {unit} | {per} | {applies} | {reason} |"
        );
    }
    page
}

/// The page of calls.
pub fn coverage_page() -> String {
    let mut page = String::from(
        "# API coverage\n\nPrinted by `longhaul config api-coverage` from the table that answers the calls. *Refused* \
         means that the reference refuses the call by default too.\n",
    );
    for (service, calls) in [("WorkflowService", WORKFLOW_CALLS), ("OperatorService", OPERATOR_CALLS)] {
        let built = calls.iter().filter(|call| call.state == State::Built).count();
        let _ = writeln!(page, "\n## {service}: {built} of {} calls built\n", calls.len());
        page.push_str("| call | state |\n| --- | --- |\n");
        for Call { name, state } in calls {
            let state = match state {
                State::Built => "built",
                State::Later => "later",
                State::Refused => "refused",
            };
            let _ = writeln!(page, "| {name} | {state} |");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_setting_once() {
        let page = settings_page();
        for setting in SETTINGS {
            assert_eq!(page.matches(&format!("| `{}` |", setting.name)).count(), 1, "{}", setting.name);
        }
    }
}
