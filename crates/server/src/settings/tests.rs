//! Settings are set by name and by key.

use std::time::Duration;

use serde_json::json;

use super::*;

fn set(settings: &mut Settings, name: &str, value: &Value) -> Result<()> {
    Setting::named(name)?.set(settings, name, value)
}

#[test]
fn settings_are_set_by_name() {
    let mut settings = Settings::default();
    set(&mut settings, "matching.poll_wait", &json!(1.5)).expect("it is a duration");
    assert_eq!(settings.matching.poll_wait, Duration::from_millis(1500));
    assert!(set(&mut settings, "matching.poll_wait", &json!(-1)).is_err());
    assert!(set(&mut settings, "matching.nonsense", &json!(1)).is_err());
    let error = set(&mut settings, "history.shards", &json!(0)).expect_err("there must be one");
    assert_eq!(error.to_string(), "setting history.shards can't be 0: it is 1 to 16384");
}

#[test]
fn names_and_keys_mean_one_setting_each() {
    for setting in SETTINGS {
        assert_eq!(SETTINGS.iter().filter(|other| other.name == setting.name).count(), 1, "{}", setting.name);
        let Some(key) = setting.key else { continue };
        assert_eq!(SETTINGS.iter().filter(|other| other.key == Some(key)).count(), 1, "{key}");
        assert_eq!(Setting::of_key(&key.to_ascii_uppercase()).expect("it is known").name, setting.name);
    }
}

#[test]
fn every_setting_takes_a_value_at_the_end_of_its_range() {
    for setting in SETTINGS {
        let value = match setting.range {
            Range::Texts | Range::Text => continue,
            Range::Switch => json!(false),
            Range::Between(least, _) if least.fract() == 0.0 => json!(least as u64),
            Range::Between(least, _) => json!(least),
        };
        let mut settings = Settings::default();
        setting.set(&mut settings, setting.name, &value).expect(setting.name);
        let shown = (setting.show)(&settings);
        let plain = shown.strip_suffix(" s").unwrap_or(&shown);
        assert_eq!(plain, value.to_string(), "{}", setting.name);
    }
}

#[test]
fn rooms_share_the_limits() {
    let mut settings = Settings::default();
    set(&mut settings, "limits.blob_bytes_max", &json!(7)).expect("it is a size");
    settings.share();
    assert_eq!((settings.frontend.limits.blob_bytes_max, settings.history.limits.blob_bytes_max), (7, 7));
}
