//! Keys of the reference's dynamic configuration. Those that have a meaning here change a setting; the others are
//! accepted with a line in the log, because SDKs and suites pass them to every server they start.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tracing::info;

use crate::config::Settings;

/// Reads `KEY=JSON`.
pub(crate) fn parse(pair: &str) -> Result<(String, Value)> {
    let Some((key, text)) = pair.split_once('=') else {
        bail!("--dynamic-config-value {pair} is not of the form KEY=JSON");
    };
    let value = serde_json::from_str(text)
        .with_context(|| format!("--dynamic-config-value {key}: {text} is not JSON (strings need quotes)"))?;
    Ok((key.into(), value))
}

/// Applies one key. Names are compared without regard to case, as on the reference.
pub(crate) fn apply(settings: &mut Settings, key: &str, value: &Value) -> Result<()> {
    let wrong = |wanted: &str| anyhow::anyhow!("dynamic configuration {key}: {value} is not {wanted}");
    let boolean = || value.as_bool().ok_or_else(|| wrong("true or false"));
    let number = || {
        value.as_u64().and_then(|number| usize::try_from(number).ok()).ok_or_else(|| wrong("a whole number"))
    };
    let texts = || {
        let texts = value.as_array().map(|list| list.iter().map(|text| text.as_str().map(str::to_owned)));
        texts.and_then(|texts| texts.collect::<Option<Vec<String>>>()).ok_or_else(|| wrong("a list of texts"))
    };
    match key.to_ascii_lowercase().as_str() {
        "system.enableeagerworkflowstart" => settings.frontend.eager_workflow_start = boolean()?,
        "limit.blobsize.error" => settings.frontend.blob_bytes_max = number()?,
        "limit.memosize.error" => settings.frontend.memo_bytes_max = number()?,
        "frontend.visibilitymaxpagesize" => settings.frontend.page_rows_max = number()?.max(1),
        "frontend.httpallowedhosts" => settings.frontend.http_allowed_hosts = texts()?,
        _ => info!(key, "dynamic configuration key has no meaning here and changes nothing"),
    }
    Ok(())
}
