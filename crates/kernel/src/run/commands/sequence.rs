//! Whether the commands of a workflow task can stand together at all.

use longhaul_proto::{
    Refusal,
    api::{command::v1::Command, enums::v1::CommandType},
};

/// Refuses unknown commands, and commands behind one that closes the run.
pub fn check(commands: &[Command]) -> Result<(), Refusal> {
    let closes = |command: &Command| {
        matches!(
            command.command_type(),
            CommandType::CompleteWorkflowExecution
                | CommandType::FailWorkflowExecution
                | CommandType::CancelWorkflowExecution
                | CommandType::ContinueAsNewWorkflowExecution
        )
    };
    let names: Vec<String> = commands.iter().map(|command| name(command.command_type)).collect();
    for (index, command) in commands.iter().enumerate() {
        if CommandType::try_from(command.command_type).is_err() || command.command_type == 0 {
            return Err(Refusal::invalid(format!("unknown command type: {}", name(command.command_type))));
        }
        if closes(command) && index + 1 < commands.len() {
            return Err(Refusal::invalid(format!(
                "invalid command sequence: [{}], command {} must be the last command.",
                names.join(", "),
                names[index]
            )));
        }
    }
    Ok(())
}

/// The name of a command as the reference prints it.
fn name(command_type: i32) -> String {
    CommandType::try_from(command_type)
        .map_or_else(|_| command_type.to_string(), |known| format!("{known:?}"))
}
