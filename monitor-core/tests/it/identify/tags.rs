//! What comments say of the code that sent a text.

use monitor_core::capture::TraceContext;
use monitor_core::identify::{Dialect, TAG_BYTES_MAX, TAGS_BYTES_MAX, Tags, identify, tags};
use proptest::prelude::*;

use super::properties::config;

fn route(text: &str) -> Option<String> {
    tags(text).and_then(|tags| tags.route)
}

#[test]
fn known_keys_are_read_and_decoded() {
    let text = "select 1 /*action='list%20orders',application='shop',controller='Orders',db_driver='sqlx',\
                framework='axum%3A0.8',route='%2Forders%2F%7Bid%7D',\
                traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/;";
    let found = tags(text).unwrap();
    let told = |value: &Option<String>| value.clone().unwrap_or_default();
    assert_eq!(told(&found.action), "list orders");
    assert_eq!(told(&found.application), "shop");
    assert_eq!(told(&found.controller), "Orders");
    assert_eq!(told(&found.db_driver), "sqlx");
    assert_eq!(told(&found.framework), "axum:0.8");
    assert_eq!(told(&found.route), "/orders/{id}");
    assert_eq!(found.scope(), Some("/orders/{id}"));
    let trace = TraceContext::from_traceparent(&told(&found.traceparent)).unwrap();
    assert_eq!(trace.trace_id.get(), 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
    assert!(trace.is_sampled());
}

#[test]
fn spellings_that_others_write_are_understood() {
    for (text, expected) in [
        ("/*route='%2Fa'*/ select 1", Some("/a")),
        ("select 1 /* route='/a' , action='x' */", Some("/a")),
        (r"select 1 /*route='it\'s'*/", Some("it's")),
        ("select 1 /*route='it%27s'*/", Some("it's")),
        ("/* hello */ select 1 /*route='b'*/", Some("b")),
        ("/*route='a'*/ select 1 /* bye */", Some("a")),
        ("select 1 /*route='100%'*/", Some("100%")),
    ] {
        assert_eq!(route(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn what_is_no_label_is_not_kept() {
    let long = "x".repeat(TAG_BYTES_MAX + 1);
    let far = format!("select 1 /*route='a',x='{}'*/", "y".repeat(TAGS_BYTES_MAX));
    for text in [
        "",
        "select 1",
        "/**/",
        "/*/",
        "select '/*route=''a''*/'",
        "select 1 /*user='ann'*/",
        "select 1 /*route=''*/",
        "select 1 /*route='open*/",
        "select 1 /*route='a%0Ab'*/",
        "select 1 /*route='%ff'*/",
        &format!("select 1 /*route='{long}'*/"),
        &far,
    ] {
        assert_eq!(tags(text), None, "{text}");
    }
}

#[test]
fn tags_never_enter_the_identity() {
    for dialect in Dialect::ALL {
        let bare = identify("select a from t", dialect);
        for text in ["select a from t /*route='%2Fa'*/", "/*route='b'*/ select a from t"] {
            assert_eq!(identify(text, dialect), bare, "{dialect:?} {text}");
        }
    }
}

#[test]
fn only_a_whole_traceparent_is_one() {
    let whole = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    assert!(!TraceContext::from_traceparent(whole).unwrap().is_sampled());
    assert!(TraceContext::from_traceparent(&format!("cc{}-more", &whole[2..])).is_some());
    for text in [
        "",
        "00",
        "00-00000000000000000000000000000000-b7ad6b7169203331-00",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-00",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-00",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more",
        "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
    ] {
        assert_eq!(TraceContext::from_traceparent(text), None, "{text}");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_comment_has_bounded_tags_or_none(
        before in any::<String>(),
        inside in "[a-z='%,\\\\*/0-9\u{e9} ]{0,80}",
    ) {
        for text in [format!("{before}/*{inside}*/"), format!("/*{inside}*/{before}"), before.clone()] {
            let Tags { action, route, traceparent, .. } = tags(&text).unwrap_or_default();
            for value in [action, route, traceparent].into_iter().flatten() {
                prop_assert!(!value.is_empty() && value.len() <= TAG_BYTES_MAX);
            }
            let _span_or_none = TraceContext::from_traceparent(&inside);
        }
    }
}
