use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::*;

fn read<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    T::deserialize(&mut Reader::new(json, &[]))
}

fn read_whole<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    T::deserialize(&mut Reader::new(json, &[]).with_whole_numbers())
}

/// The reader accepts all that `serde_json` accepts, with the same result.
fn check<T: DeserializeOwned + PartialEq + Debug>(json: &str) {
    if let Ok(value) = serde_json::from_str::<T>(json) {
        assert_eq!(read::<T>(json).unwrap(), value, "{json}");
        assert_eq!(read_whole::<T>(json).unwrap(), value, "{json}");
    }
}

#[derive(Debug, PartialEq, Deserialize)]
enum Shape {
    Unit,
    Newtype(Option<Box<Self>>),
    Tuple(u8, String),
    Struct { a: Option<i64>, b: f64 },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Shape(Shape),
    Number(f64),
    Keys(BTreeMap<i8, bool>),
    List(Vec<Self>),
    Text(String),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Newtype(char);

#[derive(Debug, PartialEq, Deserialize)]
struct UnitStruct;

fn check_all(json: &str) {
    check::<bool>(json);
    check::<(u8, i8)>(json);
    check::<u8>(json);
    check::<i64>(json);
    check::<u64>(json);
    check::<i128>(json);
    check::<u128>(json);
    check::<f32>(json);
    check::<f64>(json);
    check::<Option<String>>(json);
    check::<Bytes>(json);
    check::<Newtype>(json);
    check::<UnitStruct>(json);
    check::<()>(json);
    check::<Shape>(json);
    check::<Untagged>(json);
    check::<Vec<Option<Shape>>>(json);
    check::<BTreeMap<Option<u64>, Vec<f32>>>(json);
    check::<BTreeMap<String, Untagged>>(json);
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(json) {
        assert_eq!(read::<serde_json::Value>(json).unwrap(), value, "{json}");
    }
    if let Ok(value) = serde_json::from_str::<Box<serde_json::value::RawValue>>(json) {
        assert_eq!(read::<Box<serde_json::value::RawValue>>(json).unwrap().get(), value.get());
    }
    read::<IgnoredAny>(json).unwrap();
}

#[test]
fn every_shape_is_read_as_serde_json_reads_it() {
    for json in [
        r#""Unit""#,
        r#"{"Unit":null}"#,
        r#"{"Newtype":null}"#,
        r#"{"Newtype":{"Newtype":"Unit"}}"#,
        r#"{ "Tuple" : [ 1 , "\u00e9" ] }"#,
        r#"{"Struct":{"a":-3,"c":[{}],"b":0.1}}"#,
        r#"{"Struct":[1,2]}"#,
        r#"{"1":true,"-1":false}"#,
        r#"{"18446744073709551615":[1.1, 16777217]}"#,
        r#"{"\u0061":["Unit",[1,"x"],{}]}"#,
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "340282366920938463463374607431768211455",
        "-0",
        "-0.0",
        "1e400",
        "1e39",
        "[1,2]",
        "[1,2,3]",
        " [ ] ",
        "null",
        r#""x""#,
        r#""\ud83d\ude00""#,
    ] {
        check_all(json);
    }
}

#[test]
fn keys_may_be_asked_for_as_other_types() {
    check::<HashMap<bool, f32>>(r#"{"true":1e3,"fa\u006cse":0.1}"#);
    assert!(read::<HashMap<bool, f32>>(r#"{"é":1}"#).is_err());
    assert!(read::<HashMap<u8, f32>>(r#"{"+1":1}"#).is_err());
}

#[test]
fn a_whole_number_is_an_integer_where_one_is_asked_for() {
    assert_eq!(read::<(u8, i64, u64)>("[5.0,1e3,1E19]").unwrap(), (5, 1000, 10_000_000_000_000_000_000));
    assert_eq!(read::<(i8, u8, i128)>("[-0,-0.0,-5.0]").unwrap(), (0, 0, -5));
    assert_eq!(read::<i64>("-9223372036854775808.0").unwrap(), i64::MIN);
    for json in ["5.5", "300.0", "-1.0", "1e19"] {
        assert!(read::<u8>(json).is_err(), "{json}");
    }
    for json in ["9223372036854775808.0", "1e300", "-1e19", "\"5\""] {
        assert!(read::<i64>(json).is_err(), "{json}");
    }
}

/// JSON of every kind, with white space, escapes and numbers of all sizes.
fn json() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<f64>().prop_filter("JSON has no others", |float| float.is_finite()).prop_map(|f| f.to_string()),
        any::<f32>()
            .prop_filter("JSON has no others", |float| float.is_finite())
            .prop_map(|f| format!("{f:e}")),
        any::<i128>().prop_map(|integer| integer.to_string()),
        any::<i8>().prop_map(|integer| integer.to_string()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
    ];
    let text = prop_oneof![
        "Unit|Newtype|Tuple|Struct|a|b|true|-?[0-9]{1,2}",
        ".{0,8}",
        "[a\"\\\\\\n\\x01é😀]{0,4}",
    ]
    .prop_map(|text| serde_json::to_string(&text).unwrap());
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        number,
        text.clone(),
    ];
    scalar.prop_recursive(5, 24, 4, move |value| {
        let member = (text.clone(), value.clone()).prop_map(|(key, value)| format!("{key} :{value}"));
        prop_oneof![
            prop::collection::vec(value, 0..4).prop_map(|list| format!("[{}]", list.join(", "))),
            prop::collection::vec(member, 0..3).prop_map(|list| format!("{{ {} }}", list.join("\n,"))),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_takes_is_read_to_the_same_value(json in json()) {
        check_all(&json);
    }

    #[test]
    fn what_is_no_json_does_not_panic(text in "[\\[\\]{}\":,a1tn. \\\\é-]{0,20}") {
        let _ = read::<serde_json::Value>(&text);
        let _ = read::<Untagged>(&text);
    }
}
